#pragma once
// plan: the next step of an Appliance. Pure.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/v1alpha1/appliance.h"
#include "api/v1alpha1/machine.h"
#include "controllers/appliance/bridge.h"

namespace gantry::controllers::appliance {

inline constexpr const char* kFinalizer = "gantry.dev/appliance";
inline constexpr const char* kApplianceLabel = "gantry.dev/appliance";

struct AddFinalizer {};
struct ChangeBridge {
  NodeName node;
  BridgeStep step;
};
struct CreateMachine {
  api::v1alpha1::Machine machine;
};
struct UpdateMachine {
  api::v1alpha1::Machine machine;  // with the spec it should have
};
struct DeleteMachine {};
struct RemoveFinalizer {};
using Step = std::variant<AddFinalizer, ChangeBridge, CreateMachine, UpdateMachine, DeleteMachine,
                          RemoveFinalizer>;

// What was seen.
struct Facts {
  // The node where the bridge has to be, and what there is. Empty: no node is known that fits.
  std::optional<NodeName> node;
  std::optional<BridgeView> bridge;  // absent: it could not be read, `bridge_error` says why
  Status bridge_error;
  // Who is plugged into the bridge that is to go, by the configs of all guests of its node; an
  // error where that cannot be told.
  Result<std::vector<VmId>> plugged = std::vector<VmId>();
  std::optional<api::v1alpha1::Machine> machine;  // of that name
  std::vector<std::string> users;                 // "Machine home/wiki-0", "App home/wiki"
};

enum class Situation { progressing, waiting, held, stalled, ready };
struct Plan {
  Situation situation = Situation::progressing;
  std::optional<Step> step;
  std::string reason, message, code;
};

Plan plan(const api::v1alpha1::Appliance& appliance, const Facts& facts);

// The Machine as the Appliance wants it: two interfaces, the uplink first. `node` pins it where its
// bridge reaches no other.
std::string machine_name(const api::v1alpha1::Appliance& appliance);
api::v1alpha1::Machine wanted_machine(const api::v1alpha1::Appliance& appliance,
                                      const std::optional<NodeName>& node);

}  // namespace gantry::controllers::appliance
