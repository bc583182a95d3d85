#pragma once
// Unifier: finds out what type parameters stand for, as types that must agree are compared.
#include <optional>
#include <utility>
#include <vector>

#include "pkg/cel/type.h"

namespace gantry::cel {

class Unifier {
 public:
  // A type that is not known yet.
  Type fresh();
  // Whether a value of either type may stand where the other is wanted; binds parameters so that
  // it is true. dyn agrees with everything. When false, bindings made on the way remain: roll back.
  bool unify(const Type& a, const Type& b);
  // The type with all that is known put in; what is not known is dyn.
  Type resolve(const Type& type) const;
  // Only as far as its kind: the parts of a list may still be parameters.
  Type shallow(Type type) const;

  struct Mark {
    size_t parameters = 0;
    size_t bindings = 0;
  };
  Mark mark() const { return {bound_.size(), trail_.size()}; }
  // Forgets every binding and every fresh type made since.
  void roll_back(Mark mark);

 private:
  bool unify_parameter(const Type& parameter, const Type& other);
  bool unify_known(const Type& a, const Type& b);
  bool occurs(int index, const Type& type) const;
  Type general(const Type& a, const Type& b) const;
  void bind(int index, Type type);

  std::vector<std::optional<Type>> bound_;
  std::vector<std::pair<int, std::optional<Type>>> trail_;  // what was bound before
};

}  // namespace gantry::cel
