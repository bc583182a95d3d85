// Which changes of a ProxmoxCluster's status are worth a write.
#include "controllers/proxmoxcluster/report.h"
#include "pkg/schema/equal.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::ProxmoxClusterStatus;

constexpr auto kHeartbeat = 60s;
// Free space and memory that have moved by more are told at once.
constexpr int64_t kMovedPercent = 1;

// Numbers that change with every look.
ProxmoxClusterStatus without_numbers(ProxmoxClusterStatus status) {
  status.inventory = {};
  status.last_observed_time.reset();
  for (auto& node : status.nodes) node.memory = {};
  for (auto& storage : status.storages) {
    storage.total.reset();
    storage.used.reset();
    storage.available.reset();
  }
  return status;
}

bool has_moved(int64_t before, int64_t after, int64_t total) {
  return total > 0 && std::abs(after - before) > total / 100 * kMovedPercent;
}

// Of the same nodes and storages.
bool have_numbers_moved(const ProxmoxClusterStatus& before, const ProxmoxClusterStatus& after) {
  for (size_t i = 0; i < after.nodes.size(); ++i) {
    const auto& memory = after.nodes[i].memory;
    if (has_moved(before.nodes[i].memory.used, memory.used, memory.total)) return true;
  }
  for (size_t i = 0; i < after.storages.size(); ++i) {
    const auto& storage = after.storages[i];
    const auto free = before.storages[i].available.value_or(0);
    if (has_moved(free, storage.available.value_or(0), storage.total.value_or(0))) return true;
  }
  return false;
}

}  // namespace

bool is_news(const ProxmoxClusterStatus& before, const ProxmoxClusterStatus& after) {
  if (!schema::is_equal(without_numbers(before), without_numbers(after))) return true;
  if (have_numbers_moved(before, after)) return true;
  if (!after.last_observed_time.has_value()) return false;
  return !before.last_observed_time.has_value() ||
         *after.last_observed_time - *before.last_observed_time >= kHeartbeat;
}

}  // namespace gantry::controllers::proxmoxcluster
