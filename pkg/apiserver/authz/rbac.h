#pragma once
// Rbac: who may do what, from the roles and bindings in the store.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/rbac/binding.h"
#include "pkg/apiserver/authz/rules.h"
#include "pkg/store/unchanged.h"

namespace gantry::apiserver {

struct Decision {
  bool allowed = false;
  std::string reason;  // which binding allows it; or what is wrong with a binding that might have
};

// Reads only the store's cache. What it knows is indexed by subject and made anew after a role or
// binding was written: O(bindings + rules) then, O(bindings of the user and its groups × their
// rules) per request. Members of system:masters may do everything, whatever the roles say, so that
// nobody can lock out the administrators. An object that cannot be read grants nothing.
class Rbac {
 public:
  explicit Rbac(store::Store& store);

  Decision authorize(const User& user, const Attributes& wanted);
  // All rules that hold for the user in that namespace; cluster-wide ones included.
  Rules rules_for(const User& user, const std::string& ns);
  // The rules of a role, aggregated ones included. NotFound.
  Result<Rules> rules_of(const api::rbac::RoleRef& ref, const std::string& ns);

 private:
  using RulesPtr = std::shared_ptr<const Rules>;
  struct Grant {
    std::string ns;  // empty: everywhere
    RulesPtr rules;
    std::string why;
  };
  void refresh();
  void read_roles();
  void read_bindings();
  void add(const std::vector<api::rbac::Subject>& subjects, const Grant& grant);
  template <class Visit>
  void visit(const User& user, const std::string& ns, Visit visit);

  store::Store& store_;
  std::vector<store::Unchanged> unchanged_;
  std::map<std::pair<std::string, std::string>, RulesPtr> roles_;  // namespace and name
  std::map<std::string, std::vector<Grant>> grants_;               // "User dev" → what it has
};

// Everything, as members of system:masters hold it.
const Rules& all_rules();

}  // namespace gantry::apiserver
