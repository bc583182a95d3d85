#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/pve/http/decode.h"
#include "pkg/schema/json.h"

namespace gantry::pve {
namespace {

constexpr size_t kUndecodableMax = 20;

// A broken row in words: its beginning, which holds ids and names, no secrets.
std::string describe(const Json& row, std::string_view why) {
  return absl::StrFormat("%s in %s", why, schema::to_json(row).substr(0, 120));
}

void note(std::vector<std::string>& undecodable, const Json& row, std::string_view why) {
  if (undecodable.size() < kUndecodableMax) undecodable.push_back(describe(row, why));
}

// "lxc/100" has both.
std::pair<std::string, std::string> split_id(const Row& row) {
  const auto id = row.text("id").value_or("");
  const auto slash = id.rfind('/');
  if (slash == std::string::npos) return {"", ""};
  return {id.substr(0, slash), id.substr(slash + 1)};
}

std::optional<double> times(std::optional<double> a, std::optional<double> b) {
  return a && b ? std::optional(*a * *b) : a;
}

bool read_guest(const Row& row, std::string_view type, Resources& result) {
  auto vmid = row.integer("vmid");
  if (!vmid) vmid = parse_integer(split_id(row).second);
  const auto node = row.text("node");
  if (!vmid || *vmid <= 0 || !node || node->empty()) return false;
  GuestRow guest;
  guest.vmid = VmId(*vmid);
  guest.type = type == "lxc" ? GuestType::lxc : GuestType::qemu;
  guest.node = NodeName(*node);
  guest.status = row.text("status").value_or("unknown");
  guest.name = row.text("name");
  guest.tags = split_list(row.text("tags").value_or(""));
  guest.pool = row.text("pool");
  guest.lock = row.text("lock");
  guest.ha_state = row.text("hastate");
  guest.is_template = row.flag("template").value_or(false);
  guest.cores = row.number("maxcpu");
  guest.cpu = times(row.number("cpu"), guest.cores);  // Proxmox says 0 … 1 of its cores
  guest.memory_used = row.integer("mem");
  guest.memory_total = row.integer("maxmem");
  guest.disk_used = row.integer("disk");
  guest.disk_total = row.integer("maxdisk");
  guest.network_in = row.integer("netin");
  guest.network_out = row.integer("netout");
  guest.uptime_seconds = row.integer("uptime");
  result.guests.push_back(std::move(guest));
  return true;
}

bool read_node(const Row& row, Resources& result) {
  const auto name = row.text("node");
  if (!name || name->empty()) return false;
  NodeRow node;
  node.name = NodeName(*name);
  node.status = row.text("status").value_or("unknown");
  node.cpu = row.number("cpu");
  node.cores = row.integer("maxcpu");
  node.memory_used = row.integer("mem");
  node.memory_total = row.integer("maxmem");
  node.disk_used = row.integer("disk");
  node.disk_total = row.integer("maxdisk");
  node.uptime_seconds = row.integer("uptime");
  result.nodes.push_back(std::move(node));
  return true;
}

std::set<std::string> content_of(const Row& row) {
  const auto parts = split_list(row.text("content").value_or(""));
  return {parts.begin(), parts.end()};
}

bool read_storage(const Row& row, Resources& result) {
  const auto name = row.text("storage");
  const auto node = row.text("node");
  if (!name || name->empty() || !node) return false;
  StorageRow storage;
  storage.id = StorageId(*name);
  storage.node = NodeName(*node);
  storage.type = row.text("plugintype").value_or("");
  storage.active = row.text("status").value_or("") == "available";
  storage.shared = row.flag("shared").value_or(false);
  storage.content = content_of(row);
  storage.used = row.integer("disk");
  storage.total = row.integer("maxdisk");
  if (storage.used && storage.total) storage.available = *storage.total - *storage.used;
  result.storages.push_back(std::move(storage));
  return true;
}

// "9.2.11" → 9, 2.
void split_version(Version& version) {
  const auto parts = split(version.version, '.');
  version.major = static_cast<int>(parse_integer(parts[0]).value_or(0));
  if (parts.size() > 1) version.minor = static_cast<int>(parse_integer(parts[1]).value_or(0));
}

}  // namespace

Status schema_error(std::string_view message) {
  return with_code(make_error(ErrorClass::schema, message), "CON-007");
}

Result<const Json::Array*> rows_of(const Json& data, std::string_view what) {
  if (data.is_array()) return &data.as_array();
  return schema_error(absl::StrFormat("%s: expected a list, got %s", what, to_string(data.kind())));
}

Status all_read(const std::vector<std::string>& undecodable, std::string_view what) {
  if (undecodable.empty()) return Status();
  return schema_error(
      absl::StrFormat("%s: the list is incomplete: %s", what, join(undecodable, "; ")));
}

Result<Version> decode_version(const Json& data, Oddities& odd) {
  const Row row(data, odd);
  Version version;
  version.release = row.text("release").value_or("");
  version.version = row.text("version").value_or(version.release);
  split_version(version);
  if (version.major <= 0) return schema_error("version: the answer names no version");
  return version;
}

Result<Permissions> decode_permissions(const Json& data, Oddities& odd) {
  // Perl has one empty: {} and [] are the same to it.
  if (data.is_array() && data.size() == 0) return Permissions();
  if (!data.is_object()) return schema_error("permissions: expected an object");
  Permissions result;
  for (const auto& [path, privileges] : data.as_object()) {
    if (!privileges.is_object()) {
      odd.push_back(path + ": expected an object");
      continue;
    }
    // The value says whether it propagates, not whether it holds.
    for (const auto& [privilege, propagates] : privileges.as_object())
      result[path].insert(privilege);
  }
  return result;
}

Result<ClusterStatus> decode_cluster_status(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "cluster status"));
  ClusterStatus result;
  std::vector<std::string> undecodable;
  bool clustered = false;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    const auto type = row.text("type").value_or("");
    const auto name = row.text("name");
    if (type == "cluster") {
      const auto quorate = row.flag("quorate");
      if (!quorate) note(undecodable, json, "no quorate");
      clustered = true;
      result.name = name.value_or("");
      result.quorate = quorate.value_or(false);
    } else if (type == "node" && name && !name->empty()) {
      result.members.push_back({NodeName(*name), row.flag("online").value_or(false),
                                row.flag("local").value_or(false), row.text("ip").value_or("")});
    } else if (type == "node" || type.empty()) {
      note(undecodable, json, "no type and name");
    }
  }
  GANTRY_TRY(all_read(undecodable, "cluster status"));
  if (result.members.empty()) return schema_error("cluster status: it names no node");
  if (!clustered) {
    if (result.members.size() > 1)
      return schema_error("cluster status: several nodes but no cluster");
    result.quorate = true;
  }
  return result;
}

Result<Resources> decode_resources(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "cluster resources"));
  Resources result;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    const auto type = row.text("type").value_or(split_id(row).first);
    bool read = true;
    if (type == "lxc" || type == "qemu")
      read = read_guest(row, type, result);
    else if (type == "node")
      read = read_node(row, result);
    else if (type == "storage")
      read = read_storage(row, result);
    else
      read = !type.empty();  // pool, sdn, network …: not ours to judge
    if (!read) note(result.undecodable, json, "no identity");
  }
  return result;
}

Result<std::vector<StorageRow>> decode_storages(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "storages"));
  std::vector<StorageRow> result;
  std::vector<std::string> undecodable;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    const auto name = row.text("storage");
    if (!name || name->empty()) {
      note(undecodable, json, "no storage");
      continue;
    }
    StorageRow storage;
    storage.id = StorageId(*name);
    storage.type = row.text("type").value_or("");
    storage.active = row.flag("active").value_or(false);
    storage.enabled = row.flag("enabled").value_or(true);
    storage.shared = row.flag("shared").value_or(false);
    storage.content = content_of(row);
    storage.used = row.integer("used");
    storage.available = row.integer("avail");
    storage.total = row.integer("total");
    result.push_back(std::move(storage));
  }
  GANTRY_TRY(all_read(undecodable, "storages"));
  return result;
}

Result<std::vector<Volume>> decode_volumes(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "volumes"));
  std::vector<Volume> result;
  std::vector<std::string> undecodable;
  for (const auto& json : *rows) {
    const Row row(json, odd);
    const auto volid = row.text("volid");
    if (!volid || volid->empty()) {
      note(undecodable, json, "no volid");
      continue;
    }
    Volume volume;
    volume.volid = *volid;
    volume.content = row.text("content").value_or("");
    volume.format = row.text("format").value_or("");
    volume.size = row.integer("size").value_or(0);
    if (const auto vmid = row.integer("vmid"); vmid && *vmid > 0) volume.vmid = VmId(*vmid);
    result.push_back(std::move(volume));
  }
  GANTRY_TRY(all_read(undecodable, "volumes"));
  return result;
}

Result<std::vector<NetworkInterface>> decode_interfaces(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto* rows, rows_of(data, "interfaces"));
  std::vector<NetworkInterface> result;
  std::vector<std::string> undecodable;
  for (const auto& json : *rows) {
    Row row(json, odd);
    const auto name = row.text("iface");
    if (!name || name->empty()) {
      note(undecodable, json, "no iface");
      continue;
    }
    NetworkInterface made;
    made.name = *name;
    made.type = row.text("type").value_or("");
    made.comments = row.text("comments").value_or("");
    made.active = row.flag("active").value_or(false);
    made.ports = row.text("bridge_ports").value_or("");
    result.push_back(std::move(made));
  }
  GANTRY_TRY(all_read(undecodable, "interfaces"));
  std::ranges::sort(result, {}, &NetworkInterface::name);
  return result;
}

Result<std::vector<std::string>> decode_bridges(const Json& data, Oddities& odd) {
  GANTRY_TRY_ASSIGN(const auto interfaces, decode_interfaces(data, odd));
  std::vector<std::string> names;
  for (const auto& each : interfaces) names.push_back(each.name);
  return names;
}

}  // namespace gantry::pve
