#pragma once
// Property strings ("name=eth0,bridge=vmbr0,ip=dhcp"): parsed, checked against their sub-schema and
// written back in Proxmox's own order.
// Source: pve-common PVE/JSONSchema.pm (parse_property_string, print_property_string).
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/lab/schema.h"
#include "pkg/pve/property_string.h"

namespace gantry::lab {

using Properties = std::map<std::string, std::string>;

// "net", "rootfs", "mp", "features", "dev", "unused"; nullptr for others. `modern`: with what 9.x
// added.
const PropertyFormat* find_property_format(std::string_view name, bool modern);

// The errors as the real server words them, one line a property, each with its newline; the part
// before a property's name ("net0.") is put there by the caller.
struct PropertyErrors {
  std::map<std::string, std::string> by_name;
  std::string general;  // "invalid format - …" when the text does not even split
  bool empty() const { return by_name.empty() && general.empty(); }
};
Properties parse_properties(const PropertyFormat& format, std::string_view text, bool modern,
                            PropertyErrors& errors);
// The same without a report: what cannot be read is left out.
Properties parse_properties(const PropertyFormat& format, std::string_view text);
// The default property first, then required ones, then the others by name.
std::string print_properties(const PropertyFormat& format, const Properties& properties);

// The volume that a rootfs, mp or unused value names; "" when there is none.
std::string volume_of(std::string_view value);
// The value of that key with another volume in it.
std::string with_volume(std::string_view key, std::string_view value, const std::string& volid,
                        bool modern);

using pve::parse_size;
// As Proxmox prints it: the largest unit that divides without a rest.
std::string print_size(int64_t bytes);
// "local:4" or "local:0.5": a new volume of that many GiB on that storage.
struct NewDisk {
  std::string storage;
  int64_t bytes = 0;
};
std::optional<NewDisk> parse_new_disk(std::string_view volume);

}  // namespace gantry::lab
