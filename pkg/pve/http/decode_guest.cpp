#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/pve/http/decode.h"

namespace gantry::pve {
namespace {

std::string without_prefix(std::string_view address) {
  return std::string(address.substr(0, address.find('/')));
}

void add(std::vector<std::string>& addresses, std::string address) {
  if (address.empty() || std::ranges::find(addresses, address) != addresses.end()) return;
  addresses.push_back(std::move(address));
}

bool is_v6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

// Legacy: one "inet" and "inet6" each, with prefix. Since pve-container 5.2.6: ip-addresses.
std::vector<std::string> addresses_of(const Row& row, Oddities& odd) {
  std::vector<std::string> addresses;
  if (const auto* list = row.find("ip-addresses"); list != nullptr && list->is_array()) {
    for (const auto& json : list->as_array())
      add(addresses, without_prefix(Row(json, odd).text("ip-address").value_or("")));
  }
  for (const char* key : {"inet", "inet6"})
    add(addresses, without_prefix(row.text(key).value_or("")));
  std::stable_partition(addresses.begin(), addresses.end(), std::not_fn(is_v6));
  return addresses;
}

}  // namespace

Result<GuestConfig> decode_guest_config(const Json& data, Oddities& odd) {
  if (!data.is_object()) return schema_error("guest config: expected an object");
  GuestConfig config;
  for (const auto& [key, value] : data.as_object()) {
    if (value.is_null()) continue;
    auto text = as_text(value);
    if (!text) {
      odd.push_back(key + ": expected text");  // "lxc": raw keys, as a list of pairs
      continue;
    }
    if (key == "digest")
      config.digest = std::move(*text);
    else
      config.values[key] = std::move(*text);
  }
  return config;
}

Result<std::vector<PendingChange>> decode_guest_pending(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "pending changes"));
  std::vector<PendingChange> result;
  std::vector<std::string> undecodable;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    PendingChange change;
    change.key = row.text("key").value_or("");
    if (change.key.empty()) undecodable.emplace_back("a row without key");
    if (change.key.empty() || change.key == "digest") continue;
    change.value = row.text("value");
    change.pending = row.text("pending");
    change.deletes = row.integer("delete").value_or(0) != 0;  // 2: by force
    result.push_back(std::move(change));
  }
  GANTRY_TRY(all_read(undecodable, "pending changes"));
  return result;
}

Result<GuestStatus> decode_guest_status(const Json& data, Oddities& odd) {
  const Row row(data, odd);
  const auto status = row.text("status");
  if (!status) return schema_error("guest status: the answer says neither running nor stopped");
  GuestStatus result;
  result.running = *status == "running";
  result.lock = row.text("lock");
  if (const auto* ha = row.find("ha"); ha != nullptr && ha->is_object()) {
    const Row managed(*ha, odd);
    result.ha_managed = managed.flag("managed").value_or(false);
    result.ha_state = managed.text("state");
  }
  const auto cores = row.number("cpus");
  result.cpu = row.number("cpu");
  if (result.cpu && cores) *result.cpu *= *cores;
  result.memory_used = row.integer("mem");
  result.memory_total = row.integer("maxmem");
  result.disk_used = row.integer("disk");
  result.disk_total = row.integer("maxdisk");
  result.network_in = row.integer("netin");
  result.network_out = row.integer("netout");
  result.uptime_seconds = row.integer("uptime");
  return result;
}

Result<std::vector<GuestInterface>> decode_guest_interfaces(const Json& data, Oddities& odd) {
  if (data.is_null()) return std::vector<GuestInterface>();  // stopped
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "interfaces"));
  std::vector<GuestInterface> result;
  std::vector<std::string> undecodable;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    GuestInterface interface;
    interface.name = row.text("name").value_or("");
    if (interface.name.empty()) {
      undecodable.emplace_back("a row without name");
      continue;
    }
    interface.hwaddr = row.text("hwaddr").value_or(row.text("hardware-address").value_or(""));
    interface.addresses = addresses_of(row, odd);
    result.push_back(std::move(interface));
  }
  GANTRY_TRY(all_read(undecodable, "interfaces"));
  return result;
}

Result<std::vector<Snapshot>> decode_snapshots(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "snapshots"));
  std::vector<Snapshot> result;
  std::vector<std::string> undecodable;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    Snapshot snapshot;
    snapshot.name = row.text("name").value_or("");
    if (snapshot.name.empty()) undecodable.emplace_back("a row without name");
    if (snapshot.name.empty() || snapshot.name == "current") continue;
    snapshot.description = row.text("description").value_or("");
    if (const auto at = row.integer("snaptime")) snapshot.created = from_unix_seconds(*at);
    snapshot.state = row.text("snapstate").value_or("");
    result.push_back(std::move(snapshot));
  }
  GANTRY_TRY(all_read(undecodable, "snapshots"));
  std::ranges::stable_sort(result, {}, &Snapshot::created);
  return result;
}

Result<bool> decode_feature(const Json& data, Oddities& odd) {
  const auto can = Row(data, odd).flag("hasFeature");
  if (!can) return schema_error("feature: the answer says neither yes nor no");
  return *can;
}

}  // namespace gantry::pve
