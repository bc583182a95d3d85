#include "controllers/app/reconciler.h"

#include <algorithm>

#include "controllers/app/dependencies.h"
#include "controllers/app/exposure.h"
#include "controllers/app/handover.h"
#include "controllers/app/machines.h"
#include "controllers/app/pressure.h"
#include "controllers/app/revisions.h"
#include "controllers/app/rollout.h"
#include "controllers/app/snapshots.h"
#include "controllers/app/url.h"
#include "pkg/diagnose/diagnose.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/equal.h"
#include "pkg/store/finalizer.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::Machine;
using std::chrono::minutes;
using std::chrono::seconds;

// Whatever is waited for wakes us: a Machine's conditions, a proxy's routes.
constexpr seconds kWatched{30};
constexpr minutes kResync{5};

// What the status said about this Machine before: revision and failures carry over.
AppMachine shown_before(const App& app, const Machine& machine) {
  const auto& name = machine.metadata.name;
  const auto it = std::ranges::find(app.status.machines, name, &AppMachine::name);
  AppMachine shown;
  if (it != app.status.machines.end()) shown = *it;
  shown.name = name;
  shown.slot = slot_of(name);
  shown.ready = shown.ready && !machine.metadata.deleting();
  return shown;
}

// What the Machine does itself is told by the Machine's own events, what the bootstrap does by its
// deeds.
bool is_our_step(const std::string& step) {
  return step == "starting" || step == "unhealthy" || step == "workload" || step == "dependencies";
}

// Where the bootstrap stands; its last step is to be reached from outside.
void show(const Inside& inside, AppMachine& shown) {
  shown.step = inside.progress.step;
  shown.step_number = inside.progress.number;
  shown.step_count = inside.progress.count + 1;
  shown.message = inside.progress.message;
  shown.output = inside.progress.output;
  shown.step_started_at = inside.step_started;
  if (!inside.last_error.ok()) shown.code = catalogue_code(inside.last_error).value_or("");
}

// What the container answered, or what nobody could carry out; not what was in the way.
bool is_its_fault(const Status& status) {
  if (status.ok()) return false;
  const auto error = error_class(status);
  return error == ErrorClass::remote || error == ErrorClass::invalid;
}

void show_nothing_under_way(AppMachine& shown) {
  shown.step_number = shown.step_count = 0;
  shown.output.clear();
  shown.code.clear();
  shown.step_started_at.reset();
}

void show_retiring(const App& app, const Machine& machine, const std::string& kept,
                   AppMachine& shown) {
  show_nothing_under_way(shown);
  shown.url = url_of(app, machine, std::nullopt);
  shown.step = "retiring";
  shown.message = kept.empty() ? "it does not serve any more" : kept;
}

bool is_unknown(const api::meta::Condition* condition) {
  return condition != nullptr && condition->status == api::meta::ConditionStatus::unknown;
}

std::string why_no_channel(const inventory::Cluster& cluster) {
  if (!cluster.spec.command_channel) return "the cluster has no command channel";
  return "the command channel is closed: see the conditions of ProxmoxCluster " +
         cluster.name.get();
}

bool is_ready(const App& app) {
  return api::meta::is_true(app.status.conditions, "Ready");
}

}  // namespace

Reconciler::Reconciler(Dependencies dependencies, Executor executor)
    : d_(dependencies), jobs_(dependencies.clock, std::move(executor)) {}

Async<Result<runtime::Outcome>> Reconciler::reconcile(runtime::Request request) {
  const store::Key key{kApps, request.ns, request.name};
  auto found = store::get<App>(d_.store, key);
  if (!found.ok()) co_return found.status();
  const App before = *found;
  App app = *std::move(found);
  GANTRY_CO_TRY_ASSIGN(const auto machines, machines_of(app, d_.store));

  const auto workload = resolve_workload(app, d_.store);
  const auto owned = owned_machines(app, machines);
  app.status.machines.clear();
  for (const auto& machine : owned) app.status.machines.push_back(shown_before(before, machine));
  const Status dependencies = dependencies_of(app);
  const Status data = see_snapshots(app, owned, d_.clock.now());
  const bool is_begun = store::has_finalizer(app, kFinalizer) && !app.metadata.deleting();
  Status rolled;
  const bool taken = have_taken(app, owned);
  if (workload.ok() && is_begun)
    rolled = co_await move_on(app, *workload, !dependencies.ok(), taken);
  // What cannot be read any more has no time to wait for a person.
  if (!workload.ok() && is_begun && app.status.handover) roll_on(app, true, taken);
  const auto appliances = appliances_of(before, d_.store);
  if (is_begun) note_turn(before, app, appliances, d_.clock.now());
  const auto kept = why_kept(before, appliances, d_.clock.now());
  std::string blocked;
  bool moved = true;
  if (may_plan(before, app)) {
    GANTRY_CO_TRY_ASSIGN(moved, co_await take_step(before, machines, kept.empty(), blocked));
  }
  GANTRY_CO_TRY(rolled);
  const auto still_there = d_.store.get(key);
  if (!still_there.ok()) co_return runtime::settled();  // the last finalizer went

  const App served = as_served(app);
  Duration next = moved ? Duration::zero() : Duration(kResync);
  for (size_t i = 0; i < owned.size(); ++i) {
    auto& shown = app.status.machines[i];
    if (retires(app, shown) && !owned[i].metadata.deleting()) {
      show_retiring(app, owned[i], kept, shown);
      next = std::min<Duration>(next, kWaiting);
      continue;
    }
    auto target = with_images(app, workload_for(app, workload, shown.target));
    if (target.ok()) target->only_prepares = only_prepares(app, shown);
    const auto& asked = is_serving(app, shown) ? served : app;
    const Duration wish = co_await advance(asked, owned[i], target, dependencies, shown);
    next = std::min(next, wish);
    if (owned[i].metadata.deleting()) continue;
    const auto& inside = jobs_.inside(owned[i].metadata.uid);
    note_images(app, inside.verified_revision, inside.images);
  }
  if (is_under_way(app)) {
    const Duration longest = dependencies.ok() ? kWatched : kWaiting;
    next = std::min<Duration>(next, until_next_proof(app, d_.clock.now(), longest));
  }
  Status problem = workload.ok() ? Status() : workload.status();
  if (problem.ok() && has_work_ahead(app)) problem = dependencies.ok() ? data : dependencies;
  judge(app, blocked, problem, d_.clock.now());
  judge_exposure(app, appliance_of(app, d_.store), loopback_of(app, owned), d_.clock.now());
  judge_reach(app, owned);
  judge_pressure(app, owned, d_.clock.now());
  GANTRY_CO_TRY(co_await write_status(before, app));
  co_return runtime::recheck(next);
}

// Where its container is, whatever class it has been given since; null with the reason when that
// cannot be told.
inventory::ClusterPtr Reconciler::cluster_of(const Machine& machine, std::string& why) const {
  const VmId vmid(machine.status.vmid.value_or(0));
  auto cluster = inventory::find_holder(d_.clusters, machine.metadata.uid, vmid);
  if (!cluster)
    why = absl::StrFormat("no connected ProxmoxCluster is known to hold its container %d",
                          vmid.get());
  return cluster;
}

Status Reconciler::dependencies_of(const App& app) const {
  return check_dependencies(app, [this, &app](const std::string& name) {
    return store::get<App>(d_.store, {kApps, app.metadata.ns, name});
  });
}

// The node is looked up, never remembered.
std::optional<Guest> Reconciler::guest_of(const inventory::ClusterPtr& cluster,
                                          const Machine& machine) const {
  if (cluster->channel == nullptr || !machine.status.vmid) return std::nullopt;
  const VmId vmid(*machine.status.vmid);
  const auto sighting = cluster->inventory.sight(vmid);
  if (sighting.presence != inventory::Presence::present || !sighting.guest) return std::nullopt;
  // The pointer keeps the connection alive as long as the guest is spoken to.
  return Guest(*cluster->channel, guest::Target{sighting.guest->node, vmid}, d_.clock,
               [cluster] { return cluster->gate(false); });
}

Async<Duration> Reconciler::advance(const App& app, const Machine& machine,
                                    const Result<ResolvedWorkload>& workload,
                                    const Status& dependencies, AppMachine& shown) {
  shown.vmid = machine.status.vmid;
  shown.node = machine.status.node;
  shown.address = machine.status.addresses.empty() ? "" : machine.status.addresses.front();
  shown.url =
      url_of(app, machine, is_serving(app, shown) ? appliance_of(app, d_.store) : std::nullopt);
  const auto* ready = api::meta::find_condition(machine.status.conditions, "Ready");
  shown.unknown_since.reset();
  show_nothing_under_way(shown);
  if (is_unknown(ready) && !machine.metadata.deleting()) {
    // What cannot be seen is not known to be broken: the last word about readiness stays.
    shown.unknown_since = ready->last_transition_time;
    shown.step = "unknown";
    shown.message = ready->message;
    co_return kWatched;
  }
  if (!api::meta::is_true(machine.status.conditions, "Ready") || machine.metadata.deleting()) {
    shown.ready = false;
    shown.step = machine.metadata.deleting() ? "deleting" : machine.status.step;
    shown.message = ready == nullptr ? "" : ready->message;
    if (ready != nullptr) shown.code = ready->code;
    if (machine.metadata.deleting()) jobs_.forget(machine.metadata.uid);
    co_return kWatched;
  }
  shown.message.clear();
  if (machine.spec.power_state == api::v1alpha1::PowerState::stopped) {
    // As it shall be; nothing can be asked of it.
    shown.ready = false;
    shown.step = machine.status.power == "running" ? "stopping" : "stopped";
    co_return Duration(kResync);
  }
  if (machine.status.power == "stopped") {
    // What is said of it is from before it was to run.
    shown.ready = false;
    shown.step = "start";
    co_return kSoon;
  }
  if (!workload.ok()) {
    shown.ready = false;
    shown.step = "workload";
    shown.message = message_of(workload.status());
    co_return Duration(kResync);
  }
  const auto cluster = cluster_of(machine, shown.message);
  if (!cluster) {
    // What is not reachable is not known to be broken: the last word about readiness stays.
    co_return kWaiting;
  }
  auto& inside = jobs_.inside(machine.metadata.uid);
  const auto container = absl::StrFormat("%d since %s", machine.status.vmid.value_or(0),
                                         to_rfc3339(ready->last_transition_time));
  tell_deeds(app, machine, inside);
  hear(machine, inside);
  const bool verified =
      inside.verified_container == container && inside.verified_revision == name_of(*workload);
  if (!dependencies.ok() && shown.revision.empty() && !inside.running) {
    shown.ready = false;
    shown.step = "dependencies";
    shown.message = message_of(dependencies);
    shown.code = kDependencyNotReady;
    co_return kWaiting;
  }
  if (awaits_restore(app, shown)) {
    shown.step = "restore";
    shown.message = "its data is put back first";
    co_return kWaiting;
  }
  if (inside.running || !verified)
    co_return start_bootstrap(app, cluster, machine, *workload, shown);
  if (workload->only_prepares) {
    shown.ready = false;
    shown.prepared = workload->revision;
    shown.step = "prepared";
    shown.message = "all is there but its volumes";
    co_return kSoon;
  }
  shown.revision = inside.verified_revision;
  const bool was_ready = shown.ready;
  const Duration wish = co_await check_health(app, machine, cluster, *workload, shown);
  if (was_ready && shown.ready) {
    look_for_reach(machine, cluster);
    look_for_listeners(app, machine, cluster);
  }
  co_return wish;
}

Duration Reconciler::start_bootstrap(const App& app, const inventory::ClusterPtr& cluster,
                                     const Machine& machine, const ResolvedWorkload& workload,
                                     AppMachine& shown) {
  auto& inside = jobs_.inside(machine.metadata.uid);
  // What runs stays ready until the bootstrap stops it.
  if (inside.disturbed) shown.ready = false;
  const Time now = d_.clock.now();
  const bool waiting =
      inside.retry_at && now < *inside.retry_at && inside.tried_revision == workload.revision;
  if (!inside.running && !waiting) {
    const auto guest = guest_of(cluster, machine);
    const auto held = cluster->gate(false);
    if (!guest || !held.ok()) {
      shown.step = "bootstrap";
      shown.message = !held.ok()                    ? "held: " + message_of(held)
                      : cluster->channel == nullptr ? why_no_channel(*cluster)
                                                    : "the container is not in sight just now";
      return kWaiting;
    }
    const auto* ready = api::meta::find_condition(machine.status.conditions, "Ready");
    const auto container = absl::StrFormat("%d since %s", machine.status.vmid.value_or(0),
                                           to_rfc3339(ready->last_transition_time));
    const VmId vmid(*machine.status.vmid);
    const auto uid = machine.metadata.uid;
    const auto node = cluster->inventory.sight(vmid).guest->node;
    auto prove = [cluster, node, vmid, uid] { return cluster->writer.prove(node, vmid, uid); };
    auto sent = workload;
    if (d_.callbacks != nullptr) {
      sent.callback = callback_for(*d_.callbacks, machine, now);
      sent.secrets.push_back(sent.callback->token);
    }
    jobs_.start(uid, container, *guest, std::move(sent), prove);
  }
  show(inside, shown);
  // Who waits for it has no time for more.
  const bool is_urgent = !is_serving(app, shown) && app.status.handover;
  if (inside.failures >= (is_urgent ? 1 : kAttempts) && is_its_fault(inside.last_error))
    shown.failed_revision = inside.tried_revision;
  return inside.running ? Duration(kSoon) : std::max<Duration>(*inside.retry_at - now, kSoon);
}

Async<Status> Reconciler::write_status(const App& before, App& app) {
  app.status.url.clear();
  app.status.health = api::v1alpha1::AppHealth();
  for (const auto& machine : app.status.machines) {
    if (!app.status.url.empty() || !machine.ready || !is_led_to(app, machine)) continue;
    app.status.url = machine.url;
    app.status.health = machine.health;
  }
  if (schema::is_equal(app.status, before.status)) co_return Status();
  tell_changes(before, app);
  // The finalizer step above may have made a new version; the status is ours alone to write.
  app.metadata.resource_version.clear();
  auto written = co_await store::update_status(d_.store, kApps, app);
  const bool gone = !written.ok() && error_class(written.status()) == ErrorClass::not_found;
  if (gone) co_return Status();
  co_return written.status();
}

void Reconciler::tell(const App& app, const std::string& reason, const std::string& message,
                      runtime::EventType type, const std::string& code) {
  d_.events.record(
      {app.api_version, app.kind, app.metadata.ns, app.metadata.name, app.metadata.uid},
      {type, reason, message, code});
}

void Reconciler::tell_deeds(const App& app, const Machine& machine, Inside& inside) {
  for (const auto& deed : inside.deeds) {
    const auto* mended = deed.failed ? nullptr : diagnose::find(deed.code);
    tell(app,
         deed.failed         ? "BootstrapFailed"
         : mended != nullptr ? mended->reason
                             : "Bootstrap",
         machine.metadata.name + ": " + deed.text,
         deed.failed ? runtime::EventType::warning : runtime::EventType::normal, deed.code);
  }
  inside.deeds.clear();
}

void Reconciler::tell_changes(const App& before, const App& after) {
  for (const auto& machine : after.status.machines) {
    const auto old = std::ranges::find(before.status.machines, machine.name, &AppMachine::name);
    const bool is_told = old != before.status.machines.end() && machine.step == old->step &&
                         machine.message == old->message;
    if (is_told) continue;
    if (machine.message.empty() || !is_our_step(machine.step)) continue;
    tell(after, "Health", machine.name + ": " + machine.step + ": " + machine.message,
         runtime::EventType::normal);
  }
  if (is_ready(after) == is_ready(before) || after.metadata.deleting()) return;
  const auto* ready = api::meta::find_condition(after.status.conditions, "Ready");
  const auto type = is_ready(after) ? runtime::EventType::normal : runtime::EventType::warning;
  const auto* reason = is_ready(after) ? "Ready" : is_unknown(ready) ? "Unknown" : "NotReady";
  tell(after, reason, ready->message, type);
}

}  // namespace gantry::controllers::app
