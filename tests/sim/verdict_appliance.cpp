// What must hold of the Appliance in the end.
#include <algorithm>

#include "tests/sim/objects.h"
#include "tests/sim/records.h"
#include "tests/sim/users.h"
#include "tests/sim/words.h"

namespace gantry::sim {

// It is there and nothing that only a person can decide keeps it from serving.
bool World::may_be_attached() const {
  const auto object = users_->store.get({kAppliances, kNamespace, "lan"});
  return object.ok() && (*object)->value.find_path({"metadata", "deletionTimestamp"}) == nullptr &&
         !is_held_for_ever(kApplianceMachine);
}

std::vector<std::string> World::unmet_appliance() const {
  const auto object = users_->store.get({kAppliances, kNamespace, "lan"});
  if (!object.ok() || is_held_for_ever(kApplianceMachine)) return {};
  const auto* ready = find_condition((*object)->value, "Ready");
  const auto text = ready == nullptr ? std::string("no condition") : words_of(*ready);
  if (may_be_attached()) {
    if (!is_true(ready)) return {"the Appliance: " + text};
    return unmet_routes();
  }
  const bool waits = ready != nullptr && ready->string_or("reason", "") == "BridgeInUse";
  if (waits && is_bridge_in_use()) return {};
  // It is being deleted, and goes after all who need it.
  for (const auto& [name, wish] : wanted_) {
    if (wish.attached && machine(name).has_value()) return {};
  }
  return {"the Appliance is not gone: " + text};
}

// By somebody whom only a person can unplug.
bool World::is_bridge_in_use() const {
  return std::ranges::any_of(lab->guests(), [this](const lab::GuestRecord& guest) {
    const bool is_anothers = strangers_.contains(guest.vmid) || is_left(guest.vmid);
    return is_anothers && text_of(guest).find("bridge=gantry-lan") != std::string::npos;
  });
}

std::vector<std::string> World::unmet_routes() const {
  const auto vmid = vmid_of(kApplianceMachine);
  const auto* system = vmid.has_value() ? backend.inside(*vmid) : nullptr;
  if (system == nullptr) return {"the Appliance has no inside"};
  std::vector<std::string> unmet;
  for (const auto& [name, wish] : wanted_apps_) {
    if (wish.host.empty()) continue;
    const bool routed = system->network.proxy.find(wish.host) != std::string::npos;
    const bool may_be = wish.exists && wish.replicas > 0 && !wish.suspended;
    if (may_be && may_answer(name, wish, 0) && !routed) unmet.push_back(name + " is not routed");
    if (!wish.exists && routed) unmet.push_back(name + " is routed and gone");
  }
  return unmet;
}

}  // namespace gantry::sim
