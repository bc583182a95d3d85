#include "controllers/machineclass/reconciler.h"

#include <algorithm>

#include "api/kinds.h"
#include "api/meta/seed.h"
#include "pkg/base/text.h"
#include "pkg/schema/codec.h"
#include "pkg/store/finalizer.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::machineclass {
namespace {

using namespace std::chrono_literals;
namespace placement = inventory::placement;
using runtime::Outcome;
using runtime::Request;

// Nodes and free space come from the inventory, which costs nothing …
constexpr auto kLookAgain = 10s;
// … but template lists cost a call a storage. While none is found a person is probably about to put
// one there.
constexpr auto kReadAgain = 60s;
// The first cycle of a cluster's inventory is on its way.
constexpr auto kSoon = 1s;
constexpr const char* kNotObserved = "NotObserved";
// Without its class a Machine can be neither kept up nor told well: it stays until nobody needs it.
constexpr const char* kFinalizer = "gantry.dev/machineclass";
constexpr auto kDeletionPoll = 2s;
// Who needs a container comes before a probe: it locks the template while it clones.
constexpr auto kMachinesFirst = 30s;
constexpr auto kMakingMax = 10min;

bool is_about_this_spec(const MachineClass& shape) {
  const auto* ready = api::meta::find_condition(shape.status.conditions, "Ready");
  return ready != nullptr && ready->observed_generation == shape.metadata.generation;
}

Templates find_golden(const MachineClass& shape, const inventory::Snapshot& snapshot) {
  Templates templates;
  for (const auto& [vmid, row] : snapshot.guests) {
    if (!row.is_template || row.type != pve::GuestType::lxc) continue;
    if (row.name.has_value()) templates.offered.insert(*row.name);
    if (row.name == shape.spec.golden->name)
      templates.found.push_back({row.node.get(), std::to_string(vmid.get())});
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
  controller.reads({kMachines}).writes({kMachines});
  controller.watches(kClusters, [this](const store::Change& change) {
    return classes_of(the_.store, change.object->key.name);
  });
}

Async<Result<Outcome>> Reconciler::reconcile(Request request) {
  auto shape = store::get<MachineClass>(the_.store, {kClasses, "", request.name});
  if (!shape.ok()) {
    known_.erase(request.name);
    compiled_.erase(request.name);
    co_return shape.status();
  }
  if (!shape->metadata.deleting() && !store::has_finalizer(*shape, kFinalizer)) {
    GANTRY_CO_TRY(co_await set_finalizer(*shape, true));
    co_return runtime::recheck(0s);
  }
  const auto before = shape->status;
  auto findings = co_await look(*shape);
  if (shape->metadata.deleting() && findings.machines == 0 && !findings.probe.has_value()) {
    if (store::has_finalizer(*shape, kFinalizer))
      GANTRY_CO_TRY(co_await set_finalizer(*shape, false));
    co_return runtime::settled();
  }
  const bool soon = findings.unobserved.has_value() && findings.unobserved->reason == kNotObserved;
  // After a start what was known before stays until there is something newer to say.
  if (soon && is_about_this_spec(*shape)) co_return runtime::recheck(kSoon);
  const auto probe = plan_the_probe(*shape, findings);
  findings.flags.probe_waits_for = probe.waits_for;
  if (probe.answer.has_value()) shape->status.flag_probe = probe.answer;
  report(*shape, findings);
  if (is_news(before, shape->status)) {
    auto written = *shape;
    written.metadata.resource_version.clear();  // the status is ours alone
    auto updated = co_await store::update_status(the_.store, kClasses, written);
    if (!updated.ok()) co_return updated.status();
  }
  GANTRY_CO_TRY(co_await take_probe_step(*shape, probe, findings));
  if (shape->metadata.deleting()) co_return runtime::recheck(kDeletionPoll);
  // A selector that does not compile waits for a new one.
  if (!findings.selectors.ok()) co_return runtime::settled();
  co_return runtime::recheck(soon ? kSoon : kLookAgain);
}

Async<Status> Reconciler::set_finalizer(const MachineClass& shape, bool wanted) {
  store::Key key{kClasses, "", shape.metadata.name};
  return store::set_finalizer(the_.store, std::move(key), kFinalizer, wanted,
                              shape.metadata.resource_version);
}

// A cluster's own problem is the class's too; one that was never seen has none to tell yet.
diagnose::Diagnosis Reconciler::why_not_observed(const MachineClass& shape,
                                                 const inventory::ClusterPtr& cluster) const {
  const auto name = "ProxmoxCluster " + shape.spec.cluster_name;
  if (!the_.store.get({kClusters, "", shape.spec.cluster_name}).ok()) {
    return {"MC-002", "ReferenceNotFound", name + " does not exist"};
  }
  if (cluster != nullptr && !cluster->inventory.current()->problem.ok()) {
    return diagnose::diagnose(annotate(cluster->inventory.current()->problem, name));
  }
  return {"", kNotObserved, name + " has not been observed yet: see its conditions"};
}

Result<placement::Selectors> Reconciler::selectors_of(const MachineClass& shape) {
  auto& known = compiled_[shape.metadata.name];
  const auto& metadata = shape.metadata;
  if (known.uid != metadata.uid || known.generation != metadata.generation)
    known = {metadata.uid, metadata.generation, placement::compile(shape.spec)};
  return known.selectors;
}

Async<Findings> Reconciler::look(MachineClass shape) {
  Findings findings;
  findings.now = the_.clock.now();
  findings.snapshot = std::make_shared<inventory::Snapshot>();
  count_machines(shape, findings);
  const auto selectors = selectors_of(shape);
  findings.selectors = selectors.status();
  if (!selectors.ok()) co_return findings;
  const auto cluster = the_.clusters.find(ClusterName(shape.spec.cluster_name));
  const auto snapshot = cluster == nullptr ? nullptr : cluster->inventory.last_good();
  if (snapshot == nullptr) {
    findings.unobserved = why_not_observed(shape, cluster);
    co_return findings;
  }
  findings.snapshot = snapshot;
  findings.is_old = !cluster->inventory.current()->trustworthy();
  findings.candidates = placement::find_candidates(*selectors, *snapshot);
  findings.templates = co_await known_templates(shape, cluster, findings.candidates);
  findings.flags.templates = findings.templates.features;
  if (snapshot->version.has_value()) {
    findings.flags.probe_of = probe_subject(shape, findings.flags, snapshot->version->version);
  }
  co_return findings;
}

ProbePlan Reconciler::plan_the_probe(const MachineClass& shape, const Findings& findings) const {
  ProbeFacts facts;
  facts.now = the_.clock.now();
  facts.started_at = started_at_;
  facts.machine = findings.probe;
  facts.of = findings.flags.probe_of;
  facts.hindrance = hindrance_of(shape, findings);
  return plan_probe(shape, facts);
}

std::string Reconciler::hindrance_of(const MachineClass& shape, const Findings& findings) const {
  const auto cluster = the_.clusters.find(ClusterName(shape.spec.cluster_name));
  if (cluster == nullptr || findings.is_old) return "the cluster cannot be observed";
  const auto held = cluster->gate(false);
  if (!held.ok()) return "no clone is tried: " + message_of(held);
  if (findings.probe_name_taken) {
    return absl::StrFormat("no clone is tried: Machine %s/%s is somebody else's", kProbeNamespace,
                           probe_name(shape));
  }
  if (shape.spec.protection) return "no clone is tried: spec.protection would keep it";
  // Room for one is left to whoever needs it.
  if (shape.status.capacity.value_or(0) < 2) return "no clone is tried: there is hardly any room";
  const auto since = std::max(started_at_, shape.metadata.creation_timestamp.value_or(Time()));
  if (findings.being_made || the_.clock.now() - since < kMachinesFirst) {
    return "a clone is tried after the Machines that are wanted now";
  }
  return "";
}

Async<Status> Reconciler::take_probe_step(const MachineClass& shape, const ProbePlan& plan,
                                          const Findings& findings) {
  if (plan.step == ProbePlan::Step::begin) {
    Json machine = schema::encode(make_probe(shape, findings.flags.probe_of));
    api::meta::seed_status(*api::find_by_resource(kMachines), machine, the_.clock.now());
    const auto made = co_await the_.store.create(kMachines, std::move(machine));
    const bool is_there = error_class(made.status()) == ErrorClass::already_exists;
    co_return made.ok() || is_there ? Status() : made.status();
  }
  if (plan.step != ProbePlan::Step::end) co_return Status();
  store::Precondition same;
  same.uid = findings.probe->metadata.uid;
  store::Key key{kMachines, kProbeNamespace, findings.probe->metadata.name};
  const auto removed = co_await the_.store.remove(key, store::Removal(same));
  const bool is_gone = !removed.ok() && error_class(removed.status()) == ErrorClass::not_found;
  co_return removed.ok() || is_gone ? Status() : removed.status();
}

Async<Templates> Reconciler::known_templates(MachineClass shape, inventory::ClusterPtr cluster,
                                             placement::Candidates candidates) {
  const auto known = known_.find(shape.metadata.name);
  const bool is_known = known != known_.end() && !known->second.templates.found.empty() &&
                        known->second.generation == shape.metadata.generation &&
                        the_.clock.now() - known->second.read_at < kReadAgain;
  if (is_known) co_return known->second.templates;
  if (cluster->inventory.current()->out_of_reach()) {
    Templates unread;
    for (const auto& source : candidates.template_sources) unread.unread.push_back(source.row.node);
    co_return unread;
  }
  Known fresh;
  fresh.generation = shape.metadata.generation;
  fresh.read_at = the_.clock.now();
  fresh.templates = co_await find_templates(shape, cluster, candidates);
  known_[shape.metadata.name] = fresh;
  co_return fresh.templates;
}

Async<Templates> Reconciler::find_templates(MachineClass shape, inventory::ClusterPtr cluster,
                                            placement::Candidates candidates) {
  const auto snapshot = cluster->inventory.last_good();
  if (shape.spec.golden.has_value()) {
    auto golden = find_golden(shape, *snapshot);
    if (!root_flags(shape).empty()) co_await read_features(cluster, golden);
    co_return golden;
  }
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
    for (const auto& volume : *volumes) {
      volids[source.row.node].push_back(volume.volid);
      templates.offered.insert(file_of(volume.volid));
    }
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

// What cannot be read says nothing.
Async<void> Reconciler::read_features(inventory::ClusterPtr cluster, Templates& golden) {
  for (const auto& found : golden.found) {
    const VmId vmid(parse_integer(found.volid).value_or(0));
    const auto config = co_await cluster->reader.guest_config(NodeName(found.node), vmid);
    if (config.ok()) golden.features[found.volid] = config->find("features").value_or("");
  }
}

void Reconciler::count_machines(const MachineClass& shape, Findings& findings) const {
  const store::Query those_of_it{
      kMachines, "", store::where_field(kMachines, "spec.machineClassName", shape.metadata.name)};
  const store::Key own{kMachines, kProbeNamespace, probe_name(shape)};
  const bool wants_flags = !root_flags(shape).empty();
  for (const auto& machine : the_.store.reader().list(those_of_it, {}).items) {
    if (machine->key == own) {
      const auto probe = store::get<api::v1alpha1::Machine>(the_.store, own);
      if (probe.ok() && is_probe(*probe, shape)) {
        findings.probe = *probe;
        continue;
      }
    }
    ++findings.machines;
    const auto node = machine->field("status.node");
    if (!node.empty()) ++findings.machines_on[NodeName(std::string(node))];
    if (!wants_flags) continue;
    const auto object = the_.store.get(machine->key);
    if (object.ok()) count_machine(shape, *object, findings);
  }
  findings.probe_name_taken = !findings.probe.has_value() && the_.store.get(own).ok();
}

void Reconciler::count_machine(const MachineClass& shape, const store::ObjectPtr& object,
                               Findings& findings) const {
  count_flags(object->value, root_flags(shape), findings.flags);
  const auto machine = store::as<api::v1alpha1::Machine>(*object);
  if (!machine.ok() || !machine->status.power.empty()) return;
  const auto age = the_.clock.now() - machine->metadata.creation_timestamp.value_or(Time());
  findings.being_made = findings.being_made || age < kMakingMax;
}

}  // namespace gantry::controllers::machineclass
