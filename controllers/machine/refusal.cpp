#include "controllers/machine/refusal.h"

#include "pkg/http/http.h"
#include "pkg/inventory/grants.h"

namespace gantry::controllers::machine {

bool is_clean_refusal(const Status& status) {
  switch (error_class(status)) {
    case ErrorClass::transport:
      return !http::may_have_been_sent(status);
    case ErrorClass::tls:
    case ErrorClass::auth:
    case ErrorClass::permission:
    case ErrorClass::not_found:
    case ErrorClass::already_exists:
    case ErrorClass::conflict:
    case ErrorClass::locked:
    case ErrorClass::invalid:
    case ErrorClass::overload:
    case ErrorClass::held:
    case ErrorClass::unsupported:
      return true;
    case ErrorClass::task_failed:
    case ErrorClass::schema:
    case ErrorClass::remote:
    case ErrorClass::timeout:
    case ErrorClass::cancelled:
    case ErrorClass::internal:
      return false;
  }
  return false;
}

diagnose::Diagnosis explain_refusal(const Status& why, const Observation& world) {
  auto words = diagnose::diagnose(why);
  // Who put it there wants it to run whatever happens: that is for a person to end.
  if (words.code == "SAF-008" && world.row.has_value())
    words.message +=
        absl::StrFormat("; if it is meant to go, as root on a node: ha-manager remove ct:%d",
                        world.row->vmid.get());
  if (words.code != "CON-004") return words;
  const auto line = inventory::grant_line_for(words.message, {world.user, world.pool});
  if (!line.empty()) {
    words.message +=
        "; grant it as root on a node: " + line + " (deploy/pve/role.sh makes the roles)";
  }
  return words;
}

}  // namespace gantry::controllers::machine
