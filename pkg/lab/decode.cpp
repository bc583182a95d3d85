#include "pkg/lab/decode.h"

#include "pkg/base/text.h"

namespace gantry::lab {
namespace {

std::optional<std::string> text_of(const Json& row, const char* name) {
  const auto* value = row.find(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->as_string();
}

std::optional<int64_t> integer_of(const Json& row, const char* name) {
  const auto* value = row.find(name);
  if (value == nullptr || !value->is_integer()) return std::nullopt;
  return value->as_integer();
}

// Proxmox writes some as text.
std::optional<double> number_of(const Json& row, const char* name) {
  const auto* value = row.find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return parse_double(value->as_string());
  return value->is_number() ? std::optional(value->as_double()) : std::nullopt;
}

std::optional<double> times(std::optional<double> a, std::optional<double> b) {
  return a && b ? std::optional(*a * *b) : std::nullopt;
}

// As Proxmox's files have it: numbers become text again.
std::string text_of_value(const Json& value) {
  return value.is_integer() ? std::to_string(value.as_integer()) : value.as_string();
}

std::vector<std::string> tags_of(const Json& row) {
  const auto text = row.string_or("tags", "");
  return text.empty() ? std::vector<std::string>() : split(text, ';');
}

std::set<std::string> content_of(const Json& row) {
  const auto parts = split(row.string_or("content", ""), ',');
  return {parts.begin(), parts.end()};
}

pve::GuestRow decode_guest(const Json& row) {
  pve::GuestRow guest;
  guest.vmid = VmId(row.integer_or("vmid", 0));
  guest.type = row.string_or("type", "") == "lxc" ? pve::GuestType::lxc : pve::GuestType::qemu;
  guest.node = NodeName(row.string_or("node", ""));
  guest.status = row.string_or("status", "");
  guest.name = text_of(row, "name");
  guest.tags = tags_of(row);
  guest.pool = text_of(row, "pool");
  guest.lock = text_of(row, "lock");
  guest.ha_state = text_of(row, "hastate");
  guest.is_template = row.integer_or("template", 0) == 1;
  guest.cores = number_of(row, "maxcpu");
  guest.cpu = times(number_of(row, "cpu"), guest.cores);  // 0 … 1 of its cores
  guest.memory_used = integer_of(row, "mem");
  guest.memory_total = integer_of(row, "maxmem");
  guest.disk_used = integer_of(row, "disk");
  guest.disk_total = integer_of(row, "maxdisk");
  guest.network_in = integer_of(row, "netin");
  guest.network_out = integer_of(row, "netout");
  guest.uptime_seconds = integer_of(row, "uptime");
  return guest;
}

pve::NodeRow decode_node(const Json& row) {
  pve::NodeRow node;
  node.name = NodeName(row.string_or("node", ""));
  node.status = row.string_or("status", "");
  node.cpu = number_of(row, "cpu");
  node.cores = integer_of(row, "maxcpu");
  node.memory_used = integer_of(row, "mem");
  node.memory_total = integer_of(row, "maxmem");
  node.disk_used = integer_of(row, "disk");
  node.disk_total = integer_of(row, "maxdisk");
  node.uptime_seconds = integer_of(row, "uptime");
  return node;
}

pve::StorageRow decode_cluster_storage(const Json& row) {
  pve::StorageRow storage;
  storage.id = StorageId(row.string_or("storage", ""));
  storage.node = NodeName(row.string_or("node", ""));
  storage.type = row.string_or("plugintype", "");
  storage.active = row.string_or("status", "") == "available";
  storage.shared = row.integer_or("shared", 0) == 1;
  storage.content = content_of(row);
  storage.used = integer_of(row, "disk");
  storage.total = integer_of(row, "maxdisk");
  if (storage.used.has_value() && storage.total.has_value()) {
    storage.available = *storage.total - *storage.used;
  }
  return storage;
}

}  // namespace

pve::Version decode_version(const Json& data) {
  pve::Version version;
  version.version = data.string_or("version", "");
  version.release = data.string_or("release", "");
  const auto parts = split(version.release, '.');
  version.major = static_cast<int>(parse_integer(parts.front()).value_or(0));
  version.minor = static_cast<int>(parse_integer(parts.back()).value_or(0));
  return version;
}

pve::Permissions decode_permissions(const Json& data) {
  pve::Permissions permissions;
  for (const auto& [path, privileges] : data.as_object()) {
    auto& held = permissions[path];
    for (const auto& [name, propagate] : privileges.as_object()) held.insert(held.end(), name);
  }
  return permissions;
}

pve::ClusterStatus decode_cluster_status(const Json& data) {
  pve::ClusterStatus status;
  status.quorate = true;  // a stand-alone node has no cluster row
  for (const auto& row : data.as_array()) {
    if (row.string_or("type", "") == "cluster") {
      status.name = row.string_or("name", "");
      status.quorate = row.integer_or("quorate", 0) == 1;
      continue;
    }
    pve::ClusterMember member;
    member.name = NodeName(row.string_or("name", ""));
    member.online = row.integer_or("online", 0) == 1;
    member.local = row.integer_or("local", 0) == 1;
    member.address = row.string_or("ip", "");
    status.members.push_back(std::move(member));
  }
  return status;
}

pve::Resources decode_resources(const Json& data) {
  pve::Resources resources;
  for (const auto& row : data.as_array()) {
    const auto type = row.string_or("type", "");
    if (type == "lxc" || type == "qemu") resources.guests.push_back(decode_guest(row));
    if (type == "node") resources.nodes.push_back(decode_node(row));
    if (type == "storage") resources.storages.push_back(decode_cluster_storage(row));
  }
  return resources;
}

pve::StorageRow decode_storage(const Json& row, const NodeName& node) {
  pve::StorageRow storage;
  storage.id = StorageId(row.string_or("storage", ""));
  storage.node = node;
  storage.type = row.string_or("type", "");
  storage.active = row.integer_or("active", 0) == 1;
  storage.enabled = row.integer_or("enabled", 0) == 1;
  storage.shared = row.integer_or("shared", 0) == 1;
  storage.content = content_of(row);
  storage.used = integer_of(row, "used");
  storage.total = integer_of(row, "total");
  storage.available = integer_of(row, "avail");
  return storage;
}

pve::Volume decode_volume(const Json& row) {
  pve::Volume volume;
  volume.volid = row.string_or("volid", "");
  volume.content = row.string_or("content", "");
  volume.format = row.string_or("format", "");
  volume.size = row.integer_or("size", 0);
  if (const auto vmid = integer_of(row, "vmid"); vmid.has_value()) volume.vmid = VmId(*vmid);
  return volume;
}

pve::NetworkInterface decode_network_interface(const Json& row) {
  pve::NetworkInterface made;
  made.name = row.string_or("iface", "");
  made.type = row.string_or("type", "");
  made.comments = row.string_or("comments", "");
  made.active = row.integer_or("active", 0) == 1;
  made.ports = row.string_or("bridge_ports", "");
  return made;
}

pve::GuestConfig decode_config(const Json& data) {
  pve::GuestConfig config;
  for (const auto& [key, value] : data.as_object()) {
    if (key == "digest") {
      config.digest = value.as_string();
    } else {
      config.values[key] = text_of_value(value);
    }
  }
  return config;
}

pve::PendingChange decode_pending(const Json& row) {
  pve::PendingChange change;
  change.key = row.string_or("key", "");
  if (const auto* value = row.find("value"); value != nullptr) change.value = text_of_value(*value);
  if (const auto* value = row.find("pending"); value != nullptr)
    change.pending = text_of_value(*value);
  change.deletes = row.integer_or("delete", 0) == 1;
  return change;
}

pve::GuestStatus decode_status(const Json& data) {
  pve::GuestStatus status;
  status.running = data.string_or("status", "") == "running";
  status.lock = text_of(data, "lock");
  if (const auto* ha = data.find("ha"); ha != nullptr) {
    status.ha_managed = ha->integer_or("managed", 0) == 1;
    status.ha_state = text_of(*ha, "state");
  }
  status.cpu = times(number_of(data, "cpu"), number_of(data, "cpus"));
  status.memory_used = integer_of(data, "mem");
  status.memory_total = integer_of(data, "maxmem");
  status.disk_used = integer_of(data, "disk");
  status.disk_total = integer_of(data, "maxdisk");
  status.network_in = integer_of(data, "netin");
  status.network_out = integer_of(data, "netout");
  status.uptime_seconds = integer_of(data, "uptime");
  return status;
}

pve::GuestInterface decode_interface(const Json& row) {
  pve::GuestInterface interface;
  interface.name = row.string_or("name", "");
  interface.hwaddr = row.string_or("hwaddr", "");
  std::vector<std::string> v6;
  for (const auto& address : row.find("ip-addresses")->as_array()) {
    const bool is_v6 = address.string_or("ip-address-type", "") == "inet6";
    (is_v6 ? v6 : interface.addresses).push_back(address.string_or("ip-address", ""));
  }
  interface.addresses.insert(interface.addresses.end(), v6.begin(), v6.end());
  return interface;
}

pve::Snapshot decode_snapshot(const Json& row) {
  pve::Snapshot snapshot;
  snapshot.name = row.string_or("name", "");
  snapshot.description = row.string_or("description", "");
  snapshot.state = row.string_or("snapstate", "");
  if (const auto at = integer_of(row, "snaptime")) snapshot.created = from_unix_seconds(*at);
  return snapshot;
}

pve::Task decode_task(const Json& row) {
  pve::Task task;
  task.upid = Upid(row.string_or("upid", ""));
  task.node = NodeName(row.string_or("node", ""));
  task.type = row.string_or("type", "");
  task.id = row.string_or("id", "");
  task.user = row.string_or("user", "");
  task.started = from_unix_seconds(row.integer_or("starttime", 0));
  const auto status = row.string_or("status", "");
  const auto end = integer_of(row, "endtime");
  if (end.has_value()) task.ended = from_unix_seconds(*end);
  // One task's answer says "stopped" and names the exit apart; a list says it in `status`.
  task.running = status == "running" || status == "RUNNING";
  if (!task.running) task.exit_status = row.string_or("exitstatus", status);
  return task;
}

}  // namespace gantry::lab
