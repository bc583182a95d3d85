#pragma once
// What a door hands to the model and gets back: a call with its parameters, and a reply that keeps
// Proxmox's shape (status line, data, errors) without being text yet.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "pkg/base/ids.h"
#include "pkg/base/json.h"
#include "pkg/base/time.h"

namespace gantry::lab {

// Who asks. A token of root@pam is not the user root@pam: what only root may do it may not.
struct Caller {
  std::string user;   // gantry@pve
  std::string token;  // daemon; empty for a ticket
  std::string id() const { return token.empty() ? user : user + "!" + token; }
  bool is_root_user() const { return token.empty() && user == "root@pam"; }
  bool operator==(const Caller&) const = default;
};

// Parameters as texts, whatever way they came. JSON true and 1 are both "1" here.
class Params {
 public:
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  const std::string* find(std::string_view name) const;
  std::string get(std::string_view name, std::string_view fallback = "") const;
  // "1", "on", "yes", "true" (the checks have let nothing odd through at top level).
  bool flag(std::string_view name, bool fallback = false) const;
  int64_t integer(std::string_view name, int64_t fallback) const;
  VmId vmid(std::string_view name = "vmid") const { return VmId(integer(name, 0)); }
  void set(std::string name, std::string value);
  void erase(std::string_view name);
  // Given more than once: Perl's ARRAY.
  void mark_array(const std::string& name) { arrays_.insert(name); }
  bool is_array(const std::string& name) const { return arrays_.contains(name); }
  // JSON null: passes every check and is stored as a blank (observed).
  void mark_null(const std::string& name) { nulls_.insert(name); }
  bool is_null(const std::string& name) const { return nulls_.contains(name); }
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::set<std::string> arrays_, nulls_;
};

struct Call {
  std::string method;
  std::string path;  // "/nodes/pve1/lxc", decoded segment by segment
  Params params;     // the path's variables are added by the router
  Caller caller;
  NodeName door;         // the node that was asked
  Time asked_at;         // when it came
  bool partial = false;  // a fault: lists leave out guests
  NodeName node() const { return NodeName(params.get("node")); }
};

struct Reply {
  int status = 200;
  std::string reason = "OK";
  bool has_json = true;
  Json data;
  std::string message;  // as in the body, with its newline; empty when all is well
  std::map<std::string, std::string> errors;
  std::optional<int64_t> total;
  std::string changes;  // beside the data, when not empty
  std::string text;     // the body when there is no JSON
  bool ok() const { return status == 200; }
};
using Refusal = std::optional<Reply>;

Reply done(Json data = {});
// `die "text\n"`: 500 unless told otherwise; the reason phrase is the first line.
Reply died(const std::string& text, int status = 500);
// What a guest without a config file is answered.
Reply missing_guest(const Call& call);
Reply not_permitted(const std::string& what);  // "(/vms/1, VM.Audit)" or ""
Reply bad_parameters(std::map<std::string, std::string> errors);
Reply bad_parameter(const std::string& name, const std::string& text);
// No JSON at all: 401, 595, 596.
Reply bare(int status, const std::string& reason, const std::string& text = "");
Reply not_implemented(const std::string& method, const std::string& path);

}  // namespace gantry::lab
