#include "controllers/machine/reconciler.h"

#include <algorithm>

#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/observe.h"
#include "controllers/machine/pressure.h"
#include "controllers/machine/resume.h"
#include "controllers/machine/status.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/pve/upid.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/equal.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::Machine;
using runtime::Outcome;
using runtime::Request;
namespace placement = inventory::placement;

// A container that is well is looked into this often: with few of them …
constexpr Duration kDeepLook = 30s;
// … and with many so that a quarter of the request budget is enough. A look is so many calls:
constexpr int kCallsPerLook = 4;

// The leases that were given, taken back, or are served now.
std::vector<Request> machines_on(const store::Change& change) {
  using api::v1alpha1::Appliance;
  using api::v1alpha1::ApplianceLease;
  const auto now = store::as<Appliance>(*change.object);
  if (!now.ok()) return {};
  Result<Appliance> before = Appliance();
  if (change.previous != nullptr) before = store::as<Appliance>(*change.previous);
  std::vector<Request> requests;
  for (const auto& lease : now->status.leases) {
    const auto& known = before.ok() ? before->status.leases : std::vector<ApplianceLease>();
    const auto old = std::ranges::find(known, lease.uid, &ApplianceLease::uid);
    const bool same =
        old != known.end() && old->served == lease.served && old->released_at == lease.released_at;
    if (!same) requests.push_back({lease.ns, lease.machine});
  }
  return requests;
}

}  // namespace

void Reconciler::connect(runtime::Controller& controller) {
  controller.reads({kClusters}).writes({"events"});
  controller.watches(kClasses, [this](const store::Change& change) {
    std::vector<Request> requests;
    for (const auto& [uid, entry] : census_.entries()) {
      if (entry.machine_class == change.object->key.name) requests.push_back(entry.request);
    }
    return requests;
  });
  controller.watches(kAppliances, machines_on);
  controller.listens("containers that look different",
                     [this](runtime::Enqueue enqueue) { return follow_inventories(enqueue); });
  controller.listens("numbers that have moved",
                     [this](const runtime::Enqueue&) { return follow_numbers(); });
}

Async<Result<Outcome>> Reconciler::reconcile(Request request) {
  load_census();
  const auto object = the_.store.get({kMachines, request.ns, request.name});
  if (!object.ok()) {
    census_.forget(request);
    co_return object.status();
  }
  auto machine = store::as<Machine>(**object);
  if (!machine.ok()) co_return machine.status();
  Run run;
  run.request = request;
  run.object = (*object)->value;
  run.before = *machine;
  run.machine = *std::move(machine);
  GANTRY_CO_TRY(load_class(run));
  GANTRY_CO_TRY(co_await find_cluster(run));
  attach_networks(run);
  // What is known from before the start stays until there is something newer to say.
  if (not_observed_yet(run)) co_return runtime::recheck(1s);
  if (still_throttled(run)) co_return runtime::recheck(kLookAgain);
  GANTRY_CO_TRY(co_await look(run));
  attach_networks(run);
  GANTRY_CO_TRY(co_await claim_addresses(run));
  reflect(run.machine, run.world);
  note_in_census(run);
  // Nothing is awaited from here until take() has counted the repair: others see it.
  run.world.may_repair =
      census_.may_repair(run.machine.metadata.uid, run.world.limits, run.world.now);
  run.plan = plan(run.machine, run.shape_or_null(), run.world);
  tell_resumed(run);
  log::debug("plan", {{"machine", runtime::to_string(request)},
                      {"step", run.plan.step},
                      {"action", describe(run.plan.action)},
                      {"reason", run.plan.reason},
                      {"message", run.plan.message}});
  GANTRY_CO_TRY(co_await take(run));
  co_return co_await finish(run);
}

void Reconciler::load_census() {
  if (census_loaded_) return;
  census_loaded_ = true;
  for (const auto& object : the_.store.list(kMachines, "").items) {
    auto machine = store::as<Machine>(*object);
    if (!machine.ok()) continue;
    Run run;
    run.request = {object->key.ns, object->key.name};
    run.machine = *std::move(machine);
    if (!load_class(run).ok() || !run.shape.has_value()) continue;
    run.cluster_name = ClusterName(run.shape->spec.cluster_name);
    note_in_census(run);
  }
}

Status Reconciler::load_class(Run& run) {
  const auto object = the_.store.get({kClasses, "", run.machine.spec.machine_class_name});
  if (!object.ok()) return Status();  // its absence is for the plan to judge
  auto shape = store::as<api::v1alpha1::MachineClass>(**object);
  if (!shape.ok()) return shape.status();
  run.shape = *std::move(shape);
  return Status();
}

Async<Status> Reconciler::find_cluster(Run& run) {
  std::vector<ClusterName> names;
  if (run.shape.has_value()) names.emplace_back(run.shape->spec.cluster_name);
  for (const auto& object : the_.store.list(kClusters, "").items) {
    names.emplace_back(object->key.name);
  }
  // A Machine stays where its container is, whatever has become of its class.
  for (const auto& name : names) {
    auto row = co_await the_.guests.find_by_uid(name, run.machine.metadata.uid);
    if (!row.ok()) co_return annotate(row.status(), "look up the VMID");
    if (!row->has_value()) continue;
    run.cluster_name = name;
    break;
  }
  if (run.cluster_name.get().empty() && run.shape.has_value()) run.cluster_name = names.front();
  run.cluster = the_.clusters.find(run.cluster_name);
  co_return Status();
}

bool Reconciler::not_observed_yet(const Run& run) const {
  if (run.cluster_name.get().empty()) return false;
  if (run.cluster != nullptr) return run.cluster->inventory.current()->cycle == 0;
  const store::Key key{kClusters, "", run.cluster_name.get()};
  const auto cluster = store::get<api::v1alpha1::ProxmoxCluster>(the_.store, key);
  // One that cannot be connected says so, and is not Ready.
  return cluster.ok() && api::meta::is_true(cluster->status.conditions, "Ready");
}

// Asks Proxmox nothing: many that wait would use up the requests that those at work need.
bool Reconciler::still_throttled(Run& run) {
  const auto& machine = run.machine;
  const auto* ready = api::meta::find_condition(machine.status.conditions, "Ready");
  const bool waits = ready != nullptr && ready->reason == placement::kThrottled &&
                     ready->observed_generation == machine.metadata.generation &&
                     machine.status.step == steps::kCreate &&
                     !is_step(machine.status, steps::kCreate, StepState::running);
  if (!waits || machine.metadata.deleting() || !run.shape.has_value()) return false;
  if (run.cluster == nullptr || !run.cluster->gate(false).ok()) return false;
  run.world.snapshot = run.cluster->inventory.current();
  run.world.limits = run.cluster->spec.limits;
  const auto place = find_place(run);
  const auto* none = std::get_if<placement::NoPlace>(&place);
  return none != nullptr && none->reason == placement::kThrottled;
}

Status Reconciler::why_out_of_reach(const Run& run) {
  const auto& name = run.cluster_name.get();
  if (run.cluster == nullptr) {
    const auto text = "ProxmoxCluster " + name + " is not connected: see its conditions";
    return with_code(make_error(ErrorClass::transport, text), "CON-001");
  }
  const auto current = run.cluster->inventory.current();
  if (!current->out_of_reach()) return Status();
  return annotate(current->problem, "ProxmoxCluster " + name + " cannot be read");
}

// What is known without asking Proxmox: calls that will fail are not made, each for each Machine.
Async<Status> Reconciler::look_from_afar(Run& run) {
  auto row = co_await the_.guests.find_by_uid(run.cluster_name, run.machine.metadata.uid);
  if (!row.ok()) co_return row.status();
  run.world.row = *std::move(row);
  const bool has_row = run.world.row.has_value();
  if (has_row && run.cluster != nullptr) {
    run.world.sighting = run.cluster->inventory.sight(run.world.row->vmid);
  }
  // Without a row nothing of it can be there: it may go.
  if (!has_row && run.machine.metadata.deleting()) run.world.cluster = Status();
  co_return Status();
}

Async<Status> Reconciler::look(Run& run) {
  run.world.now = the_.clock.now();
  run.world.snapshot = std::make_shared<inventory::Snapshot>();
  // Nothing of it is anywhere: whether the cluster answers is not asked.
  if (run.cluster_name.get().empty()) co_return Status();
  run.world.cluster = why_out_of_reach(run);
  if (!run.world.cluster.ok()) co_return co_await look_from_afar(run);
  auto world = co_await observe(run.machine, run.cluster, the_.guests, the_.clock);
  if (!world.ok()) co_return world.status();
  run.world = *std::move(world);
  GANTRY_CO_TRY(co_await look_at_peer(run));
  const auto* entry = census_.find(run.machine.metadata.uid);
  if (entry != nullptr && entry->called_at.has_value()) {
    run.world.since_call = the_.clock.steady() - *entry->called_at;
  }
  co_return Status();
}

runtime::Subject Reconciler::subject_of(const Machine& machine) {
  return {machine.api_version, machine.kind, machine.metadata.ns, machine.metadata.name,
          machine.metadata.uid};
}

void Reconciler::note_in_census(const Run& run) {
  census_.change(run.machine.metadata.uid, [&run](CensusEntry& entry) { note(entry, run); });
}

void Reconciler::note(CensusEntry& entry, const Run& run) {
  const auto& status = run.machine.status;
  const auto placed = entry.node;
  entry.request = run.request;
  entry.cluster = run.cluster_name;
  entry.machine_class = run.machine.spec.machine_class_name;
  entry.vmid.reset();
  if (status.vmid.has_value()) entry.vmid = VmId(*status.vmid);
  entry.node = NodeName(status.node);
  entry.task = Upid(status.upid);
  entry.repairs = status.repairs;
  entry.well = api::meta::is_true(status.conditions, "Ready");
  entry.measured = {status.last_observed_at, status.usage.value_or(MachineUsage())};
  entry.creating = is_step(status, steps::kCreate, StepState::running);
  if (!entry.creating) entry.creating_on.reset();
  if (!entry.node.get().empty() || !entry.creating) return;
  entry.node = placed;
  if (const auto parts = pve::parse_upid(entry.task); parts.ok()) entry.node = parts->node;
}

void Reconciler::note_pressure(Run& run) {
  const auto& seen = run.world.guest.status;
  if (!seen || !run.shape || run.world.guest.occupant != Occupant::ours) return;
  census_.change(run.machine.metadata.uid, [&run, &seen](CensusEntry& entry) {
    entry.saturated_since =
        saturated_since(entry.saturated_since, run.machine, *run.shape, *seen, run.world.now);
    show_pressure(run.machine, *run.shape, entry.saturated_since, run.world.now);
  });
}

Async<Result<Outcome>> Reconciler::finish(Run& run) {
  show(run.machine, run.plan, run.world);
  note_in_census(run);
  note_pressure(run);
  for (const auto& happening : happenings(run.before, run.machine)) {
    the_.events.record(subject_of(run.machine), happening);
  }
  const bool gone = std::holds_alternative<RemoveFinalizer>(run.plan.action);
  if (!gone) GANTRY_CO_TRY(co_await write_status(run));
  co_return runtime::recheck(recheck_of(run));
}

void Reconciler::tell_resumed(const Run& run) {
  const auto* entry = census_.find(run.machine.metadata.uid);
  if (entry != nullptr && entry->looked_at) return;
  if (run.plan.situation == Situation::unknown) return;
  census_.change(run.machine.metadata.uid, [](CensusEntry& seen) { seen.looked_at = true; });
  const auto told = resumed(run.before.status, run.plan);
  if (told.has_value()) the_.events.record(subject_of(run.machine), *told);
}

Duration Reconciler::recheck_of(const Run& run) const {
  // The inventory wakes it when the cluster is back.
  const bool out_of_reach = run.cluster != nullptr && !run.world.cluster.ok();
  if (out_of_reach) return kDeepLook;
  const bool works = run.plan.unsettled || !run.machine.status.upid.empty();
  if (works || run.plan.situation != Situation::ready) {
    return std::clamp<Duration>(run.plan.recheck, 1s, 5min);
  }
  const auto calls = static_cast<int64_t>(census_.size(run.cluster_name)) * kCallsPerLook;
  const int64_t per_second = std::max(run.cluster->spec.limits.requests_per_second / 4, 1);
  return std::max<Duration>(kDeepLook, std::chrono::seconds(calls / per_second));
}

Async<Status> Reconciler::write_status(Run& run) {
  if (schema::is_equal(run.machine.status, run.before.status)) co_return Status();
  Json object = Json::object();
  object.set("apiVersion", run.machine.api_version);
  object.set("kind", run.machine.kind);
  object.member("metadata").set("name", run.machine.metadata.name);
  object.member("metadata").set("namespace", run.machine.metadata.ns);
  object.member("metadata").set("uid", run.machine.metadata.uid.get());
  object.set("status", schema::encode(run.machine.status));
  // Without resourceVersion: the status is ours alone, and what we did must not be forgotten
  // because somebody has edited the spec meanwhile.
  auto written = co_await the_.store.update(kMachines, store::Part::status, std::move(object));
  if (!written.ok()) co_return annotate(written.status(), "write the status");
  run.before.status = run.machine.status;
  co_return Status();
}

Async<Status> Reconciler::follow_numbers() {
  std::map<ClusterName, uint64_t> cycles;
  while (true) {
    GANTRY_CO_TRY(co_await the_.clock.sleep_for(1s));
    const auto clusters = the_.clusters.all();
    for (const auto& cluster : clusters) {
      const auto snapshot = cluster->inventory.current();
      if (snapshot->cycle == cycles[cluster->name]) continue;
      cycles[cluster->name] = snapshot->cycle;
      const auto outdated = census_.outdated(cluster->name, *snapshot);
      for (const auto& uid : outdated) {
        const auto written = co_await refresh(uid, snapshot);
        if (written.ok()) continue;
        if (error_class(written) == ErrorClass::cancelled) co_return written;
        // A reconcile has just written, or the database is away: the next cycle sees.
        log::debug("numbers not written", {{"error", written}});
      }
    }
  }
}

Async<Status> Reconciler::refresh(Uid uid, std::shared_ptr<const inventory::Snapshot> snapshot) {
  const auto* entry = census_.find(uid);
  if (entry == nullptr || !entry->vmid.has_value()) co_return Status();
  const auto row = snapshot->guests.find(*entry->vmid);
  const auto object = the_.store.get({kMachines, entry->request.ns, entry->request.name});
  if (!object.ok() || row == snapshot->guests.end()) co_return object.status();
  auto value = (*object)->value;
  auto& status = value.member("status");
  // What looks different is looked into: the reconcile says how it is.
  const bool same = status.string_or("power", "") == row->second.status &&
                    status.string_or("node", "") == row->second.node.get();
  if (!same) co_return Status();
  const Measured measured{std::chrono::floor<std::chrono::seconds>(snapshot->observed_at),
                          usage_of(row->second)};
  status.set("usage", schema::encode(measured.usage));
  status.set("uptimeSeconds", row->second.uptime_seconds.value_or(0));
  status.set("lastObservedAt", to_rfc3339(*measured.at));
  // With its resourceVersion: what a reconcile writes meanwhile must not be overwritten.
  auto written = co_await the_.store.update(kMachines, store::Part::status, std::move(value));
  if (written.ok() && census_.find(uid) != nullptr) {
    census_.change(uid, [&measured](CensusEntry& known) { known.measured = measured; });
  }
  co_return written.status();
}

Async<Status> Reconciler::follow_inventories(runtime::Enqueue enqueue) {
  struct Look {
    uint64_t cycle = 0;
    bool out_of_reach = false;
    std::map<VmId, std::string> faces;
  };
  std::map<ClusterName, Look> looks;
  while (true) {
    GANTRY_CO_TRY(co_await the_.clock.sleep_for(1s));
    for (const auto& cluster : the_.clusters.all()) {
      auto& look = looks[cluster->name];
      const auto snapshot = cluster->inventory.current();
      if (snapshot->cycle == look.cycle) continue;
      look.cycle = snapshot->cycle;
      std::map<VmId, std::string> faces;
      for (const auto& [vmid, row] : snapshot->guests) {
        faces[vmid] =
            absl::StrFormat("%s %s %s %s %s %d %.0f", row.node.get(), row.status,
                            row.lock.value_or(""), row.name.value_or(""), join(row.tags, ";"),
                            row.memory_total.value_or(0), row.cores.value_or(0));
      }
      // Rows that could not be read have not changed.
      if (!snapshot->guests_read) faces = look.faces;
      const bool turned = look.out_of_reach != snapshot->out_of_reach();
      for (const auto& [uid, entry] : census_.entries()) {
        if (entry.cluster != cluster->name) continue;
        const bool differs =
            entry.vmid.has_value() && faces[*entry.vmid] != look.faces[*entry.vmid];
        if (turned || differs) enqueue(entry.request);
      }
      look.out_of_reach = snapshot->out_of_reach();
      look.faces = std::move(faces);
    }
  }
}

}  // namespace gantry::controllers::machine
