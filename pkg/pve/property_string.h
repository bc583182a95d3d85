#pragma once
// Property strings: Proxmox' "name=eth0,bridge=vmbr0" and "local:100/vm-100-disk-0.raw,size=8G".
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/base/status.h"

namespace gantry::pve {

// Keys in the order in which they were read or set. Proxmox re-serialises them in an order of its
// own and adds keys (hwaddr, type), so compare with agrees(), never the texts.
class PropertyString {
 public:
  // A part without '=' belongs to `default_key` ("volume" of rootfs); it is written first and bare.
  // kInvalid on an empty part, a key given twice, or a bare part when there is no default key.
  static Result<PropertyString> parse(std::string_view text, std::string_view default_key = "");

  explicit PropertyString(std::string_view default_key = "") : default_key_(default_key) {}

  std::optional<std::string> get(std::string_view key) const;
  // Requires a key and value without ',' and a key without '='.
  void set(std::string_view key, std::string_view value);
  bool erase(std::string_view key);
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }
  std::string format() const;

 private:
  std::string default_key_;
  std::vector<std::pair<std::string, std::string>> entries_;
};

// Whether two values mean the same: on/yes/true are 1, off/no/false are 0, sizes compare by bytes
// ("1G", "1024M"), hardware addresses without case.
bool same_value(std::string_view a, std::string_view b);

// Whether `actual` has everything that `wanted` says; a flag that is 0 may be absent. Keys that
// only `actual` has are ignored.
bool agrees(const PropertyString& wanted, const PropertyString& actual);

// "8G" → bytes; also K, M, T and none. nullopt when it is no size.
std::optional<int64_t> parse_size(std::string_view text);

}  // namespace gantry::pve
