#include "controllers/proxmoxcluster/reconciler.h"

#include <algorithm>

#include "api/core/secret.h"
#include "api/meta/condition.h"
#include "controllers/proxmoxcluster/ownership.h"
#include "pkg/store/finalizer.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::ProxmoxCluster;
using runtime::Outcome;
using runtime::Request;

constexpr const char* kFinalizer = "gantry.dev/cluster";
constexpr auto kDeletionPoll = 5s;

bool refers_to(const Json& reference, const store::Key& secret) {
  return reference.string_or("name", "") == secret.name &&
         reference.string_or("namespace", "") == secret.ns;
}

bool uses(const Json& cluster, const store::Key& secret) {
  const auto* credentials = cluster.find_path({"spec", "credentials", "secretRef"});
  const auto* channel = cluster.find_path({"spec", "commandChannel", "ssh", "secretRef"});
  return (credentials != nullptr && refers_to(*credentials, secret)) ||
         (channel != nullptr && refers_to(*channel, secret));
}

bool is_held(const Json& machine) {
  const auto* conditions = machine.find_path({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return false;
  return std::ranges::any_of(conditions->as_array(), [](const Json& condition) {
    return condition.string_or("type", "") == "Held" && condition.string_or("status", "") == "True";
  });
}

}  // namespace

void Reconciler::connect(runtime::Controller& controller) {
  controller.reads({"machines.gantry.dev"}).writes({"events"});
  controller.watches(kSecrets, [this](const store::Change& change) {
    std::vector<Request> requests;
    for (const auto& cluster : the_.store.list(kClusters, "").items) {
      if (uses(cluster->value, change.object->key)) requests.push_back({"", cluster->key.name});
    }
    return requests;
  });
  controller.listens("cycles that find another problem",
                     [this](runtime::Enqueue enqueue) { return follow_inventories(enqueue); });
}

Async<Status> Reconciler::follow_inventories(runtime::Enqueue enqueue) {
  std::map<ClusterName, std::string> problems;
  while (true) {
    GANTRY_CO_TRY(co_await the_.clock.sleep_for(1s));
    for (const auto& cluster : the_.connections.all()) {
      const auto snapshot = cluster->inventory.current();
      if (snapshot->cycle == 0) continue;
      auto problem = message_of(snapshot->problem);
      const auto known = problems.find(cluster->name);
      if (known != problems.end() && known->second == problem) continue;
      problems[cluster->name] = std::move(problem);
      enqueue({"", cluster->name.get()});
    }
  }
}

Async<Result<Outcome>> Reconciler::reconcile(Request request) {
  auto cluster = store::get<ProxmoxCluster>(the_.store, {kClusters, "", request.name});
  if (!cluster.ok()) {
    if (error_class(cluster.status()) == ErrorClass::not_found) {
      the_.connections.close(ClusterName(request.name));
    }
    co_return cluster.status();
  }
  if (!cluster->metadata.deleting() && !store::has_finalizer(*cluster, kFinalizer)) {
    GANTRY_CO_TRY(co_await set_finalizer(*cluster, true));
    co_return runtime::recheck(0s);
  }
  const auto before = *cluster;
  const auto connection = open(*cluster);
  if (!connection.ok()) the_.connections.close(ClusterName(request.name));
  auto sight = co_await look(*cluster, connection);
  if (!sight.ok()) co_return sight.status();
  report(*cluster, *sight);
  record_changes(before, *cluster);
  if (is_news(before.status, cluster->status)) {
    auto written = *cluster;
    written.metadata.resource_version.clear();  // the status is ours alone
    auto updated = co_await store::update_status(the_.store, kClusters, written);
    if (!updated.ok()) co_return updated.status();
  }
  if (cluster->metadata.deleting() && sight->rows.empty()) {
    co_return co_await finish_deletion(*cluster);
  }
  co_return runtime::recheck(cluster->spec.poll);
}

Status Reconciler::open(const ProxmoxCluster& cluster) {
  auto credentials = read_secret(cluster.spec.credentials.secret_ref);
  if (!credentials.ok()) return credentials.status();
  Result<SecretValues> channel_secret = SecretValues();
  if (cluster.spec.command_channel.has_value()) {
    channel_secret = read_secret(cluster.spec.command_channel->ssh.secret_ref);
  }
  return the_.connections.open(cluster, *credentials, channel_secret);
}

Result<SecretValues> Reconciler::read_secret(
    const api::meta::NamespacedReference& reference) const {
  auto secret = store::get<api::core::Secret>(the_.store, {kSecrets, reference.ns, reference.name});
  if (!secret.ok()) {
    const auto text = absl::StrFormat("secret %s/%s not found", reference.ns, reference.name);
    return with_code(make_error(ErrorClass::invalid, text), "MC-007");
  }
  SecretValues values;
  for (const auto& [key, encoded] : secret->data) {
    auto value = api::core::secret_value(*secret, key);
    if (value.has_value()) values[key] = *std::move(value);
  }
  return values;
}

Async<Result<Sight>> Reconciler::look(ProxmoxCluster cluster, Status connection) {
  Sight sight;
  sight.now = the_.clock.now();
  sight.connection = std::move(connection);
  const ClusterName name(cluster.metadata.name);
  auto rows = co_await the_.guests.list(name);
  if (!rows.ok()) co_return rows.status();
  sight.rows = *std::move(rows);
  for (const auto& row : sight.rows) {
    const auto machine = machine_of(the_.store, row);
    if (machine != nullptr && is_held(machine->value)) ++sight.held;
  }
  const auto connected = the_.connections.find(name);
  if (connected == nullptr) co_return sight;
  sight.current = connected->inventory.current();
  sight.last_good = connected->inventory.last_good();
  sight.vanish_guard = connected->inventory.vanish_guard();
  sight.endpoints = the_.connections.endpoints(name);
  sight.read_p95 = the_.connections.read_p95(name);
  if (const auto* channel = the_.connections.channel(name)) sight.channel = *channel;
  co_return sight;
}

void Reconciler::record_changes(const ProxmoxCluster& before, const ProxmoxCluster& after) {
  const runtime::Subject subject{after.api_version, after.kind, "", after.metadata.name,
                                 after.metadata.uid};
  for (const auto& condition : after.status.conditions) {
    const auto* old = api::meta::find_condition(before.status.conditions, condition.type);
    const bool bad_before = old != nullptr && !old->code.empty();
    const bool same = old != nullptr && old->reason == condition.reason;
    if (condition.type == "Stalled" || condition.type == "Reconciling" || same) continue;
    if (!condition.code.empty()) {
      the_.events.record(subject, {runtime::EventType::warning, condition.reason, condition.message,
                                   condition.code});
    } else if (bad_before && condition.status == api::meta::ConditionStatus::yes) {
      const bool was_so = old->status == api::meta::ConditionStatus::yes;
      the_.events.record(subject, {runtime::EventType::normal, condition.reason,
                                   condition.type + (was_so ? ", as usual again" : " again"), ""});
    }
  }
}

Async<Result<Outcome>> Reconciler::finish_deletion(ProxmoxCluster cluster) {
  GANTRY_CO_TRY(co_await set_finalizer(cluster, false));
  the_.connections.close(ClusterName(cluster.metadata.name));
  co_return runtime::recheck(kDeletionPoll);
}

Async<Status> Reconciler::set_finalizer(const ProxmoxCluster& cluster, bool wanted) {
  store::Key key{kClusters, "", cluster.metadata.name};
  return store::set_finalizer(the_.store, std::move(key), kFinalizer, wanted,
                              cluster.metadata.resource_version);
}

}  // namespace gantry::controllers::proxmoxcluster
