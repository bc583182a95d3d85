#include "cmd/gantryd/cluster_instruments.h"

namespace gantry::daemon {
namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

ClusterInstruments::ClusterInstruments(metrics::Registry& registry)
    : requests_(registry.counter("gantry_pve_requests_total",
                                 "Calls to Proxmox that have ended; outcome is Ok or the class of "
                                 "the error, such as Timeout or Permission.",
                                 {"cluster", "method", "path", "outcome"})),
      seconds_(
          registry.histogram("gantry_pve_request_seconds",
                             "How long calls to Proxmox took, without the wait for their turn.",
                             {"cluster", "method", "path"})),
      age_(registry.gauge(
          "gantry_inventory_age_seconds",
          "How old the last trustworthy look at the cluster is; none yet: no series.",
          {"cluster"})),
      cycle_(registry.gauge("gantry_inventory_cycle_seconds",
                            "How long the quickest of the last three looks at the cluster took.",
                            {"cluster"})),
      trustworthy_(registry.gauge("gantry_inventory_trustworthy",
                                  "1 while the last look at the cluster was complete and beyond "
                                  "doubt; with 0 nothing is changed there.",
                                  {"cluster"})) {}

void ClusterInstruments::called(const ClusterName& cluster, const pve::EndedCall& call) {
  metrics::Labels labels{cluster.get(), std::string(call.operation.method),
                         std::string(call.operation.path)};
  seconds_.observe(seconds(call.took), labels);
  timed_[cluster].insert(labels);
  labels.emplace_back(call.status.ok() ? "Ok" : to_string(error_class(call.status)));
  requests_.increment(labels);
  counted_[cluster].insert(std::move(labels));
}

void ClusterInstruments::closed(const ClusterName& cluster) {
  for (const auto& labels : counted_[cluster]) requests_.remove(labels);
  for (const auto& labels : timed_[cluster]) seconds_.remove(labels);
  counted_.erase(cluster);
  timed_.erase(cluster);
  for (const auto& gauge : {age_, cycle_, trustworthy_}) gauge.remove({cluster.get()});
}

void ClusterInstruments::look(const inventory::Clusters& clusters, Time now) {
  for (const auto& cluster : clusters.all()) {
    const metrics::Labels labels{cluster->name.get()};
    const auto current = cluster->inventory.current();
    const auto last_good = cluster->inventory.last_good();
    trustworthy_.set(current->trustworthy() ? 1 : 0, labels);
    cycle_.set(seconds(current->took), labels);
    if (last_good != nullptr) age_.set(seconds(now - last_good->steady_at), labels);
  }
}

}  // namespace gantry::daemon
