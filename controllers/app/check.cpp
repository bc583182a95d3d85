// What a probe makes of one of an App's containers: ready or not, and what it could not run.
#include <utility>

#include "controllers/app/bootstrap/listeners.h"
#include "controllers/app/exposure.h"
#include "controllers/app/reconciler.h"

namespace gantry::controllers::app {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kAskedAgain{1};

}  // namespace

Async<Duration> Reconciler::check_health(const App& app, const Machine& machine,
                                         const inventory::ClusterPtr& cluster,
                                         const ResolvedWorkload& workload, AppMachine& shown) {
  auto& inside = jobs_.inside(machine.metadata.uid);
  const auto health = app.spec.health.value_or(api::v1alpha1::Health());
  if (std::exchange(inside.disturbed, false)) {
    // It has been started anew: it has its time to come up.
    shown.ready = false;
    shown.well_since.reset();
  }
  const Duration interval = shown.ready ? Duration(health.interval) : Duration(kSoon);
  const Time now = d_.clock.now();
  if (inside.probed_at && now < *inside.probed_at + interval)
    co_return *inside.probed_at + interval - now;
  inside.probed_at = now;
  const auto guest = guest_of(cluster, machine);
  auto result = co_await probe(app.spec, workload, shown.address, d_.prober, guest);
  // There is a way inside, and just now nobody knows where to: that it cannot be reached from here
  // proves nothing.
  if (!result.healthy && !guest && cluster->channel != nullptr) result.known = false;
  const bool stale = !shown.health.last_probe_at || now - *shown.health.last_probe_at > minutes(1);
  const bool news = shown.health.message != result.message || shown.health.from != result.from;
  if (news || stale) shown.health.last_probe_at = now;
  shown.health.from = result.from;
  shown.health.message = result.message;
  if (!result.known) {
    // The last word about readiness stays.
    shown.message = result.message;
    shown.code = result.code;
    co_return shown.ready ? Duration(health.interval) : Duration(kWaiting);
  }
  if (result.healthy) {
    shown.failures = 0;
    shown.ready = true;
    shown.step = "healthy";
    shown.message.clear();
    if (!shown.well_since) shown.well_since = std::chrono::floor<seconds>(now);
    co_return Duration(health.interval);
  }
  const bool starting = !shown.ready && now < inside.bootstrapped_at + health.startup;
  if (!starting) ++shown.failures;
  shown.step = starting ? "starting" : "unhealthy";
  if (starting) {
    shown.step_number = shown.step_count = static_cast<int>(step_names(workload).size()) + 1;
    shown.step_started_at = inside.bootstrapped_at;
  } else {
    shown.code = "WKL-008";
  }
  shown.message = result.message;
  if (shown.failures >= health.failure_threshold) {
    shown.ready = false;
    shown.well_since.reset();
    shown.failed_revision = workload.revision;
    shown.failures = 0;
    inside.verified_container.clear();  // look inside again: a dead unit is started
    inside.retry_at = now + health.interval;
    inside.progress = Progress{0, 0, "unhealthy", result.message, "", false, false};
    inside.last_error = with_code(make_error(ErrorClass::remote, result.message), "WKL-008");
  }
  co_return shown.ready ? Duration(health.interval) : Duration(kSoon);
}

void Reconciler::look_for_reach(const Machine& machine, const inventory::ClusterPtr& cluster) {
  const auto& uid = machine.metadata.uid;
  const Time now = d_.clock.now();
  if (d_.callbacks == nullptr || !is_reach_due(jobs_.inside(uid), now)) return;
  const auto guest = guest_of(cluster, machine);
  if (!guest) return;
  const auto callback = callback_for(*d_.callbacks, machine, now);
  jobs_.ask_for_reach(uid, [guest = *guest, callback] { return try_callback(guest, callback); });
}

void Reconciler::judge_reach(App& app, const std::vector<Machine>& owned) {
  std::vector<Reach> reaches;
  const bool is_asked = d_.callbacks != nullptr && !app.metadata.deleting() && !app.spec.suspend;
  for (const auto& machine : owned)
    if (is_asked && !machine.metadata.deleting())
      reaches.push_back({machine.metadata.name, jobs_.inside(machine.metadata.uid).reach});
  if (!judge_callbacks(app, reaches, d_.clock.now())) return;
  const auto* found = api::meta::find_condition(app.status.conditions, "CallbackReachable");
  tell(app, found->reason, found->message, runtime::EventType::normal, found->code);
}

void Reconciler::look_for_listeners(const App& app, const Machine& machine,
                                    const inventory::ClusterPtr& cluster) {
  auto& inside = jobs_.inside(machine.metadata.uid);
  if (!is_refused(app)) {
    inside.loopback.reset();
    inside.ports_asked_at.reset();
    return;
  }
  const Time now = d_.clock.now();
  const bool is_due = !inside.ports_asked_at || now - *inside.ports_asked_at >= kAskedAgain;
  const auto guest = is_due ? guest_of(cluster, machine) : std::nullopt;
  if (!guest) return;
  jobs_.ask_for_ports(machine.metadata.uid, [guest = *guest] { return ask_loopback_ports(guest); });
}

std::optional<std::set<int>> Reconciler::loopback_of(const App& app,
                                                     const std::vector<Machine>& owned) {
  std::optional<std::set<int>> ports;
  for (size_t i = 0; i < owned.size(); ++i) {
    const auto& answer = jobs_.inside(owned[i].metadata.uid).loopback;
    if (!answer || !is_serving(app, app.status.machines[i])) continue;
    if (!ports) ports.emplace();
    ports->insert(answer->begin(), answer->end());
  }
  return ports;
}

}  // namespace gantry::controllers::app
