#pragma once
// The failure catalogue: everything known to go wrong, each with a stable code.
//
// The one copy is failures.json. Codes and reasons never change and are never used again for
// something else; programs read them, people read messages.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/status.h"

namespace gantry::diagnose {

// Who acts.
enum class Tier {
  automatic,  // A: we do, within the repair budget; it cannot lose data
  guarded,    // G: we do, with consent and proof; else it is proposed
  human,      // H: never acted on; the message says what to do
  prevented,  // P: refused or impossible by construction; a test proves it
};
std::string_view to_string(Tier tier);

// One row of the catalogue.
struct Failure {
  std::string code;    // "CON-001"
  std::string family;  // "CON"
  Tier tier = Tier::human;
  std::string title;
  std::string condition;                  // what the object says: "ProxmoxCluster Reachable=False"
  std::string reason;                     // CamelCase; empty when no condition shows it
  std::vector<std::string> also_reasons;  // finer ones that are used with the same code
  std::string message;                    // with {placeholders}; may be empty
  std::string detect;                     // Markdown
  std::string repair;                     // Markdown
  std::string not_yet;                    // Markdown: why nothing reports it, where that is so
};

// All of them, in the order of failures.json.
const std::vector<Failure>& catalogue();
// nullptr when there is no such code.
const Failure* find(std::string_view code);

// What a condition or an event carries. `code` is empty when the catalogue does not know it.
struct Diagnosis {
  std::string code;
  std::string reason;
  std::string message;
  bool operator==(const Diagnosis&) const = default;
};

using Values = std::map<std::string, std::string, std::less<>>;

// The row's reason and its message with the {placeholders} filled in; "?" where `values` has none.
// Requires a code of the catalogue.
Diagnosis make(std::string_view code, const Values& values);
// The same as a Status of that class, so that the code rides on it to the condition.
Status make_status(ErrorClass error, std::string_view code, const Values& values);

// What a failed call to Proxmox or to a guest amounts to. The code that rides on the Status wins;
// else the class names one where only one fits (Transport, TLS, Auth, Permission, Schema,
// Overload); else the reason is the class. The message is the Status' own. Requires !status.ok().
Diagnosis diagnose(const Status& status);

// The reference page of the catalogue, in Markdown. `met` has the codes that this version raises,
// or of which a test proves that they are prevented.
std::string reference_page(const std::set<std::string>& met);

}  // namespace gantry::diagnose
