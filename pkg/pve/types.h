#pragma once
// What Proxmox VE says about itself, decoded. Absent means "not told", never "default".
// Sources: the API schema of pve-manager 8.4/9.2 and answers recorded from a real 9.2 server.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/ids.h"
#include "pkg/base/time.h"

namespace gantry::pve {

struct Version {
  std::string version;  // "9.2.11"
  std::string release;  // "9.2"
  int major = 0;
  int minor = 0;
};

// GET /cluster/status. A stand-alone node has no cluster row and is quorate by definition.
struct ClusterMember {
  NodeName name;
  bool online = false;
  bool local = false;  // answered this request
  std::string address;
};
struct ClusterStatus {
  std::string name;  // empty: stand-alone
  bool quorate = false;
  std::vector<ClusterMember> members;
};

enum class GuestType { lxc, qemu };

// A guest's row in GET /cluster/resources; may be 10 s behind, and leaves out what the token may
// not audit. `status` is "unknown" (with name, maxmem … absent) until pvestatd has looked.
struct GuestRow {
  VmId vmid;
  GuestType type = GuestType::lxc;
  NodeName node;
  std::string status;  // running, stopped, unknown, …
  std::optional<std::string> name;
  std::vector<std::string> tags;
  std::optional<std::string> pool;
  std::optional<std::string> lock;
  std::optional<std::string> ha_state;
  bool is_template = false;
  std::optional<double> cpu;  // 0 … cores
  std::optional<double> cores;
  std::optional<int64_t> memory_used, memory_total, disk_used, disk_total;  // bytes
  std::optional<int64_t> network_in, network_out;  // bytes since its start, of all interfaces
  std::optional<int64_t> uptime_seconds;
};

struct NodeRow {
  NodeName name;
  std::string status;         // online, offline, unknown
  std::optional<double> cpu;  // 0 … 1
  std::optional<int64_t> cores, memory_used, memory_total, disk_used, disk_total, uptime_seconds;
};

struct StorageRow {
  StorageId id;
  NodeName node;
  std::string type;  // dir, zfspool, lvmthin, …
  bool active = false;
  bool enabled = true;
  bool shared = false;
  std::set<std::string> content;                  // rootdir, vztmpl, images, backup, iso, snippets
  std::optional<int64_t> used, available, total;  // bytes; absent while inactive
};

// GET /cluster/resources, all types.
struct Resources {
  std::vector<GuestRow> guests;
  std::vector<NodeRow> nodes;
  std::vector<StorageRow> storages;
  // Rows whose identity could not be read, in words: while there is one the lists are incomplete.
  std::vector<std::string> undecodable;
};

// GET /access/permissions: path → privileges that hold there.
using Permissions = std::map<std::string, std::set<std::string>>;

// GET …/lxc/{vmid}/config, as the texts Proxmox shows (numbers and booleans become text).
struct GuestConfig {
  std::string digest;
  std::map<std::string, std::string> values;  // "cores" → "2", "net0" → "name=eth0,…"; no digest
  std::optional<std::string> find(const std::string& key) const {
    const auto it = values.find(key);
    if (it == values.end()) return std::nullopt;
    return it->second;
  }
};
// GET …/lxc/{vmid}/pending: what a PUT has changed but the running container does not have yet.
struct PendingChange {
  std::string key;
  std::optional<std::string> value;    // live
  std::optional<std::string> pending;  // after the next start
  bool deletes = false;
};

// GET …/lxc/{vmid}/status/current: from the node itself, not behind.
struct GuestStatus {
  bool running = false;
  std::optional<std::string> lock;
  bool ha_managed = false;
  std::optional<std::string> ha_state;
  std::optional<double> cpu;
  std::optional<int64_t> memory_used, memory_total, disk_used, disk_total, uptime_seconds;
  std::optional<int64_t> network_in, network_out;  // bytes since its start, of all interfaces
};

// GET …/lxc/{vmid}/interfaces; empty when stopped.
struct GuestInterface {
  std::string name;
  std::string hwaddr;
  std::vector<std::string> addresses;  // without prefix length, IPv4 first
};

// GET …/lxc/{vmid}/snapshot, without the row "current".
struct Snapshot {
  std::string name;
  std::string description;
  std::optional<Time> created;
  std::string state;  // prepare, delete: it is being made or removed, or that died; empty: complete
};

// GET …/storage/{storage}/content.
struct Volume {
  std::string volid;  // "local:100/vm-100-disk-0.raw"
  std::string content;
  std::string format;
  int64_t size = 0;  // bytes
  std::optional<VmId> vmid;
};

// GET /nodes/{node}/network: what is configured, with what waits to be applied.
struct NetworkInterface {
  std::string name;
  std::string type;      // bridge, eth, bond, …
  std::string comments;  // "# " lines of /etc/network/interfaces
  bool active = false;   // there now
  std::string ports;     // of a bridge, separated by spaces
};
struct NodeNetwork {
  std::vector<NetworkInterface> interfaces;
  std::string changes;  // difference of the two files; empty: nothing waits
  const NetworkInterface* find(const std::string& name) const;
};

// GET …/tasks/{upid}/status and …/tasks rows.
struct Task {
  Upid upid;
  NodeName node;
  std::string type;  // vzcreate, vzstart, …
  std::string id;    // usually the vmid, as text
  std::string user;
  bool running = false;
  std::string exit_status;  // only when ended: "OK", "WARNINGS: 1", an error text
  Time started;
  std::optional<Time> ended;
  // OK or WARNINGS (pve-common PVE/UPID.pm: status_is_error).
  bool succeeded() const;
};
// The parts of "UPID:node:pid:pstart:starttime:type:id:user:"; see upid.h.
struct UpidParts {
  NodeName node;
  int64_t pid = 0;
  Time started;
  std::string type;
  std::string id;
  std::string user;
  int64_t pstart = 0;  // the worker's start time in clock ticks since boot
};

}  // namespace gantry::pve
