#include "controllers/machineclass/reconciler.h"

#include <algorithm>

#include "pkg/store/typed.h"

namespace gantry::controllers::machineclass {
namespace {

using namespace std::chrono_literals;
namespace placement = inventory::placement;
using runtime::Outcome;
using runtime::Request;

// Template lists cost a call a storage; nodes and free space come from memory.
constexpr auto kLookAgain = 60s;
// While something is missing a person is probably about to put it there.
constexpr auto kLookSoon = 10s;

Templates find_golden(const MachineClass& shape, const inventory::Snapshot& snapshot) {
  Templates templates;
  for (const auto& [vmid, row] : snapshot.guests) {
    const bool is_it =
        row.is_template && row.type == pve::GuestType::lxc && row.name == shape.spec.golden->name;
    if (is_it) templates.found.push_back({row.node.get(), std::to_string(vmid.get())});
  }
  return templates;
}

std::vector<Request> classes_of(const store::Store& store, const std::string& cluster) {
  std::vector<Request> requests;
  for (const auto& shape : store.list(kClasses, "").items) {
    const auto* name = shape->value.find_path({"spec", "clusterName"});
    if (name != nullptr && *name == Json(cluster)) requests.push_back({"", shape->key.name});
  }
  return requests;
}

}  // namespace

void Reconciler::connect(runtime::Controller& controller) {
  controller.watches(kClusters, [this](const store::Change& change) {
    return classes_of(the_.store, change.object->key.name);
  });
}

Async<Result<Outcome>> Reconciler::reconcile(Request request) {
  auto shape = store::get<MachineClass>(the_.store, {kClasses, "", request.name});
  if (!shape.ok()) co_return shape.status();
  const auto before = shape->status;
  const auto findings = co_await look(*shape);
  report(*shape, findings);
  if (is_news(before, shape->status)) {
    auto written = *shape;
    written.metadata.resource_version.clear();  // the status is ours alone
    auto updated = co_await store::update_status(the_.store, kClasses, written);
    if (!updated.ok()) co_return updated.status();
  }
  // A selector that does not compile waits for a new one.
  if (!findings.selectors.ok()) co_return runtime::settled();
  const bool is_well = findings.cluster.ok() && !shape->status.templates.empty();
  co_return runtime::recheck(is_well ? kLookAgain : kLookSoon);
}

Async<Findings> Reconciler::look(MachineClass shape) {
  Findings findings;
  findings.now = the_.clock.now();
  findings.snapshot = std::make_shared<inventory::Snapshot>();
  count_machines(shape, findings);
  const auto selectors = placement::compile(shape.spec);
  findings.selectors = selectors.status();
  if (!selectors.ok()) co_return findings;
  const auto cluster = the_.clusters.find(ClusterName(shape.spec.cluster_name));
  const auto snapshot = cluster == nullptr ? nullptr : cluster->inventory.last_good();
  if (snapshot == nullptr) {
    const auto text = absl::StrFormat("cluster '%s' is not observed yet", shape.spec.cluster_name);
    findings.cluster = with_code(make_error(ErrorClass::transport, text), "CON-001");
    co_return findings;
  }
  findings.snapshot = snapshot;
  findings.candidates = placement::find_candidates(*selectors, *snapshot);
  findings.templates = co_await find_templates(shape, cluster, findings.candidates);
  co_return findings;
}

Async<Templates> Reconciler::find_templates(MachineClass shape, inventory::ClusterPtr cluster,
                                            placement::Candidates candidates) {
  const auto snapshot = cluster->inventory.last_good();
  if (shape.spec.golden.has_value()) co_return find_golden(shape, *snapshot);
  Templates templates;
  if (!shape.spec.os.has_value()) co_return templates;
  std::map<NodeName, std::vector<std::string>> volids;
  for (const auto& source : candidates.template_sources) {
    if (source.verdict != placement::Verdict::allowed) continue;
    auto volumes = co_await cluster->reader.volumes(source.row.node, source.row.id, "vztmpl");
    if (!volumes.ok()) {
      templates.unread.push_back(source.row.node);
      continue;
    }
    for (const auto& volume : *volumes) volids[source.row.node].push_back(volume.volid);
  }
  for (const auto& [node, names] : volids) {
    const auto newest = newest_template(names, shape.spec.os->name);
    if (newest.has_value()) templates.found.push_back({node.get(), *newest});
  }
  // A node with a template in one storage needs no word about another that could not be read.
  std::erase_if(templates.unread, [&templates](const NodeName& node) {
    return std::ranges::any_of(templates.found,
                               [&node](const auto& found) { return found.node == node.get(); });
  });
  co_return templates;
}

void Reconciler::count_machines(const MachineClass& shape, Findings& findings) const {
  for (const auto& machine : the_.store.list(kMachines, "").items) {
    const auto* name = machine->value.find_path({"spec", "machineClassName"});
    if (name == nullptr || *name != Json(shape.metadata.name)) continue;
    ++findings.machines;
    const auto* node = machine->value.find_path({"status", "node"});
    if (node != nullptr && node->is_string()) ++findings.machines_on[NodeName(node->as_string())];
  }
}

}  // namespace gantry::controllers::machineclass
