// Where a new container goes: the class's selectors, what is under way, and the templates.
#include "controllers/machine/desired.h"
#include "controllers/machine/reconciler.h"
#include "pkg/base/text.h"

namespace gantry::controllers::machine {
namespace {

namespace placement = inventory::placement;

// Whether the class has been looked at, as it is now: before that its list of templates is empty.
bool knows_templates(const api::v1alpha1::MachineClass& shape) {
  const auto* found = api::meta::find_condition(shape.status.conditions, "TemplatesReady");
  return found != nullptr && found->status != api::meta::ConditionStatus::unknown &&
         found->observed_generation >= shape.metadata.generation;
}

// The class knows which templates there are instead.
placement::NoPlace why_no_template(const api::v1alpha1::MachineClass& shape,
                                   const placement::NoPlace& none) {
  const auto* found = api::meta::find_condition(shape.status.conditions, "TemplatesReady");
  if (!knows_templates(shape)) {
    return {
        "ClassNotObserved", "",
        "where the template of MachineClass " + shape.metadata.name + " lies is being found out",
        true};
  }
  if (found->status != api::meta::ConditionStatus::no) return none;
  return {found->reason, found->code, none.message + "; " + found->message, false};
}

}  // namespace

std::variant<placement::Place, placement::NoPlace> Reconciler::find_place(const Run& run) {
  const auto& shape = *run.shape;
  const auto& candidates = candidates_.find(shape, run.world.snapshot);
  if (!candidates.ok()) {
    return placement::NoPlace{"InvalidExpression", "CEL-003", message_of(candidates.status()),
                              false};
  }
  const auto& snapshot = *run.world.snapshot;
  placement::Demand demand;
  demand.memory = shape.spec.resources.memory.bytes();
  demand.disk = shape.spec.root_disk.size.bytes();
  for (const auto& volume : run.machine.spec.volumes) {
    auto disks = placement::judge_disks(volume.storage_selector, snapshot);
    if (!disks.ok()) {
      return placement::NoPlace{"InvalidExpression", "CEL-003",
                                "volume " + volume.name + ": " + message_of(disks.status()), false};
    }
    demand.volumes.push_back({volume.name, volume.size.bytes(), *std::move(disks)});
  }
  for (const auto& network : networks_of(run.machine, shape)) {
    if (!network.bridge.empty()) demand.bridges.push_back(network.bridge);
  }
  demand.node = run.world.attachment.node;
  if (run.machine.spec.node.has_value()) demand.node = NodeName(*run.machine.spec.node);
  std::vector<placement::TemplatePlace> sources;
  for (const auto& found : shape.status.templates) {
    placement::TemplatePlace source{NodeName(found.node), found.volid, std::nullopt};
    // The class controller writes a golden container as its VMID.
    if (shape.spec.golden.has_value()) {
      const auto golden = parse_integer(found.volid);
      if (!golden.has_value()) continue;
      source.golden = VmId(*golden);
    }
    sources.push_back(std::move(source));
  }
  const auto load = census_.load(run.machine.metadata.uid, run.cluster_name,
                                 run.machine.spec.machine_class_name, snapshot);
  auto found = placement::choose(shape.spec.placement, run.world.limits, demand, load, *candidates,
                                 sources, snapshot);
  const auto* none = std::get_if<placement::NoPlace>(&found);
  if (none == nullptr || none->code != "TPL-001") return found;
  return why_no_template(shape, *none);
}

void Reconciler::tell_choice(const Run& run, const placement::Place& place) {
  if (!place.ambiguous) return;
  the_.events.record(subject_of(run.machine),
                     {runtime::EventType::normal, "Ambiguous", place.message, "CEL-004"});
}

}  // namespace gantry::controllers::machine
