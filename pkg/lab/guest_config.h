#pragma once
// A container's config file: what /etc/pve/nodes/<node>/lxc/<vmid>.conf holds.
// Source: pve-container PVE/LXC/Config.pm (parse_pct_config, write_pct_config).
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "pkg/base/json.h"

namespace gantry::lab {

struct GuestConfig {
  std::map<std::string, std::string> values;   // "description" without its final newline
  std::map<std::string, std::string> pending;  // section [pve:pending]
  std::set<std::string> pending_delete;
  // Sections of snapshots: the values of then, with snaptime, parent and description.
  std::map<std::string, std::map<std::string, std::string>> snapshots;

  std::string get(const std::string& key, const std::string& fallback = "") const;
  bool has(const std::string& key) const { return values.contains(key); }
  bool flag(const std::string& key) const { return get(key) == "1"; }
  // The values as they will be after the next start.
  std::map<std::string, std::string> next() const;
  bool operator==(const GuestConfig&) const = default;
};

// The file's text: description as "#" lines, then "key: value" sorted, then the pending section.
std::string to_conf(const GuestConfig& config);
GuestConfig parse_conf(std::string_view text);
// sha1 of the file: `lock: create` alone is a7e9f8c4….
std::string digest_of(const GuestConfig& config);

// A value as the API shows it: numbers where the schema says integer or boolean and the text is
// one; the description with a newline at its end.
Json shown(const std::string& key, const std::string& value);

// "rootfs", "mp0" …: keys that hold a volume; "unused0" …: volumes without use.
bool is_volume_key(std::string_view key);
bool is_unused_key(std::string_view key);
// "net12" → "net", "mp0" → "mp", "rootfs" → "rootfs".
std::string_view key_family(std::string_view key);

// Proxmox's order for tags: lower case, sorted, once each, joined by ';'.
std::string normalised_tags(std::string_view tags);

}  // namespace gantry::lab
