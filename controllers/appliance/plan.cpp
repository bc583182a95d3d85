#include "controllers/appliance/plan.h"

#include <algorithm>

#include "controllers/appliance/config/nftables.h"
#include "pkg/base/ipv4.h"
#include "pkg/base/text.h"
#include "pkg/schema/codec.h"
#include "pkg/store/finalizer.h"

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::Appliance;
using api::v1alpha1::Machine;
using api::v1alpha1::Network;

constexpr size_t kUsersNamed = 5;

Plan step(Step next, std::string reason, std::string message) {
  Plan plan;
  plan.step = std::move(next);
  plan.reason = std::move(reason);
  plan.message = std::move(message);
  return plan;
}

Plan wait(Situation situation, std::string reason, std::string message, std::string code = "") {
  Plan plan;
  plan.situation = situation;
  plan.reason = std::move(reason);
  plan.message = std::move(message);
  plan.code = std::move(code);
  return plan;
}

bool belongs_to(const Appliance& appliance, const Machine& machine) {
  return std::ranges::any_of(machine.metadata.owner_references, [&appliance](const auto& owner) {
    return owner.uid == appliance.metadata.uid && owner.controller.value_or(false);
  });
}

std::string first_of(const std::vector<std::string>& users) {
  auto named = users;
  named.resize(std::min(users.size(), kUsersNamed));
  auto text = join(named, ", ");
  if (users.size() > kUsersNamed)
    text += absl::StrFormat(" and %d more", users.size() - kUsersNamed);
  return text;
}

Plan bridge_plan(const Appliance& appliance, const Facts& facts) {
  const auto& bridge = appliance.spec.network.bridge;
  const bool refused = error_class(facts.bridge_error) == ErrorClass::permission;
  if (refused)
    return wait(Situation::held, "BridgeMissing",
                bridge + " is missing on " + facts.node->get() +
                    ", and our token may not create it. As root on a node: " +
                    bridge_command(bridge, *facts.node),
                "APL-002");
  const auto& view = *facts.bridge;
  if (std::holds_alternative<std::monostate>(view.step))
    return wait(Situation::held, view.reason, view.message, view.code);
  auto plan = step(ChangeBridge{*facts.node, view.step}, view.reason, view.message);
  plan.code = view.code;
  return plan;
}

Plan machine_plan(const Appliance& appliance, const Facts& facts) {
  const bool ours_alone = facts.bridge && facts.bridge->ours;
  const auto want = wanted_machine(appliance, ours_alone ? facts.node : std::nullopt);
  if (!facts.machine) return step(CreateMachine{want}, "Creating", "making its container");
  const auto& have = *facts.machine;
  if (!belongs_to(appliance, have))
    return wait(Situation::stalled, "NameTaken",
                "Machine " + have.metadata.name + " exists and belongs to somebody else");
  if (have.metadata.deleting())
    return wait(Situation::waiting, "Replacing", "its container is being deleted");
  auto changed = have;
  changed.spec.networks = want.spec.networks;
  // A person's pin stays.
  if (!changed.spec.node) changed.spec.node = want.spec.node;
  if (schema::encode(changed.spec) == schema::encode(have.spec)) return Plan();
  return step(UpdateMachine{std::move(changed)}, "Updating", "changing its container's networks");
}

// Nobody is unplugged by the end of a network that he was not told of.
Plan removal_plan(const Appliance& appliance, const Facts& facts) {
  const auto& bridge = appliance.spec.network.bridge;
  const auto where = bridge + " on " + facts.node->get();
  if (!facts.plugged.ok())
    return wait(Situation::held, "BridgeUsersUnknown",
                "it cannot be told which guests are plugged into " + where + ": " +
                    message_of(facts.plugged.status()) +
                    ". Gantry looks again; or look yourself and, as root on a node: " +
                    removal_command(bridge, *facts.node),
                "APL-006");
  if (facts.plugged->empty()) return bridge_plan(appliance, facts);
  std::vector<std::string> names;
  for (const auto& vmid : *facts.plugged) names.push_back("guest " + std::to_string(vmid.get()));
  return wait(Situation::held, "BridgeInUse",
              first_of(names) + " are plugged into " + where + ": unplug or destroy them first",
              "APL-006");
}

Plan deletion_plan(const Appliance& appliance, const Facts& facts, bool held) {
  if (!facts.users.empty())
    return wait(Situation::held, "InUse",
                absl::StrFormat("%d attached: %s", facts.users.size(), first_of(facts.users)),
                "APL-006");
  if (facts.machine && belongs_to(appliance, *facts.machine)) {
    if (facts.machine->metadata.deleting())
      return wait(Situation::waiting, "Deleting", "its container is being deleted");
    return step(DeleteMachine{}, "Deleting", "deleting its container");
  }
  if (facts.node && !facts.bridge_error.ok())
    return wait(Situation::waiting, "Deleting",
                "the network of " + facts.node->get() + ": " + message_of(facts.bridge_error));
  if (facts.bridge && !facts.bridge->ready) return removal_plan(appliance, facts);
  if (held) return step(RemoveFinalizer{}, "Deleting", "gone");
  return Plan();
}

}  // namespace

Plan plan(const Appliance& appliance, const Facts& facts) {
  const bool held = store::has_finalizer(appliance, kFinalizer);
  if (appliance.metadata.deleting()) return deletion_plan(appliance, facts, held);
  if (!held) return step(AddFinalizer{}, "Beginning", "");
  if (!facts.node)
    return wait(Situation::waiting, "NoNode",
                facts.bridge_error.ok()
                    ? "no node of MachineClass " + appliance.spec.machine_class_name +
                          " is known to fit: see its conditions"
                    : message_of(facts.bridge_error));
  if (!facts.bridge && error_class(facts.bridge_error) != ErrorClass::permission)
    return wait(Situation::waiting, "NodeUnknown",
                "the network of " + facts.node->get() + ": " + message_of(facts.bridge_error));
  if (!facts.bridge || !facts.bridge->ready) return bridge_plan(appliance, facts);
  auto next = machine_plan(appliance, facts);
  if (next.step || next.situation != Situation::progressing) return next;
  next.situation = Situation::ready;
  return next;
}

std::string machine_name(const Appliance& appliance) {
  return appliance.metadata.name + "-appliance";
}

Machine wanted_machine(const Appliance& appliance, const std::optional<NodeName>& node) {
  const auto& spec = appliance.spec;
  Machine machine;
  machine.metadata.name = machine_name(appliance);
  machine.metadata.ns = appliance.metadata.ns;
  machine.metadata.labels = appliance.metadata.labels;
  machine.metadata.labels[kApplianceLabel] = appliance.metadata.name;
  api::meta::OwnerReference owner;
  owner.api_version = appliance.api_version;
  owner.kind = appliance.kind;
  owner.name = appliance.metadata.name;
  owner.uid = appliance.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;
  machine.metadata.owner_references = {owner};
  machine.spec.machine_class_name = spec.machine_class_name;
  machine.spec.vmid = spec.vmid;
  if (node) machine.spec.node = node->get();
  Network uplink;
  uplink.name = config::kUplink;
  uplink.bridge = spec.network.uplink.bridge;
  uplink.ip = spec.network.uplink.ip;
  uplink.gateway = spec.network.uplink.gateway;
  uplink.vlan = spec.network.uplink.vlan;
  Network lan;
  lan.name = config::kLan;
  lan.bridge = spec.network.bridge;
  const auto subnet = parse_ipv4_network(spec.network.cidr).value_or(Ipv4Network());
  lan.ip = spec.network.gateway + "/" + std::to_string(subnet.prefix);
  // Its own packet filter decides there; Proxmox' would drop what it forwards.
  lan.firewall = false;
  machine.spec.networks = {uplink, lan};
  return machine;
}

}  // namespace gantry::controllers::appliance
