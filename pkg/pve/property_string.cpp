#include "pkg/pve/property_string.h"

#include <algorithm>

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::pve {
namespace {

std::string_view flag(std::string_view value) {
  if (value == "on" || value == "yes" || value == "true") return "1";
  if (value == "off" || value == "no" || value == "false") return "0";
  return value;
}

bool is_hardware_address(std::string_view text) {
  if (text.size() != 17) return false;
  for (size_t i = 2; i < text.size(); i += 3)
    if (text[i] != ':') return false;
  return true;
}

}  // namespace

Result<PropertyString> PropertyString::parse(std::string_view text, std::string_view default_key) {
  PropertyString result(default_key);
  if (text.empty()) return result;
  for (const auto& part : split(text, ',')) {
    const auto equals = part.find('=');
    const bool bare = equals == std::string::npos;
    if (part.empty() || equals == 0 || (bare && default_key.empty()))
      return invalid("'%s': '%s' is no key=value", text, part);
    const auto key = bare ? std::string(default_key) : part.substr(0, equals);
    if (result.get(key)) return invalid("'%s': '%s' is given twice", text, key);
    result.entries_.emplace_back(key, bare ? part : part.substr(equals + 1));
  }
  return result;
}

std::optional<std::string> PropertyString::get(std::string_view key) const {
  for (const auto& [name, value] : entries_)
    if (name == key) return value;
  return std::nullopt;
}

void PropertyString::set(std::string_view key, std::string_view value) {
  GANTRY_CHECK(!key.empty() && key.find_first_of(",=") == std::string_view::npos);
  GANTRY_CHECK(value.find(',') == std::string_view::npos);
  for (auto& [name, old] : entries_) {
    if (name != key) continue;
    old = std::string(value);
    return;
  }
  entries_.emplace_back(key, value);
}

bool PropertyString::erase(std::string_view key) {
  return std::erase_if(entries_, [&](const auto& entry) { return entry.first == key; }) > 0;
}

std::string PropertyString::format() const {
  std::vector<std::string> parts;
  for (const auto& [key, value] : entries_) {
    if (key == default_key_)
      parts.insert(parts.begin(), value);
    else
      parts.push_back(key + "=" + value);
  }
  return join(parts, ",");
}

std::optional<int64_t> parse_size(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr std::string_view kSuffixes = "KMGT";
  const auto suffix = kSuffixes.find(text.back());
  int shift = 0;
  if (suffix != std::string_view::npos) {
    shift = 10 * static_cast<int>(suffix + 1);
    text.remove_suffix(1);
  }
  const auto number = parse_double(text);
  if (!number || !(*number >= 0)) return std::nullopt;
  const double bytes = *number * static_cast<double>(int64_t{1} << shift);
  if (!(bytes < 9.2e18)) return std::nullopt;
  return static_cast<int64_t>(bytes);
}

bool same_value(std::string_view a, std::string_view b) {
  a = flag(a);
  b = flag(b);
  if (a == b) return true;
  if (is_hardware_address(a) && is_hardware_address(b)) return to_lower(a) == to_lower(b);
  const auto bytes_a = parse_size(a);
  const auto bytes_b = parse_size(b);
  return bytes_a && bytes_b && *bytes_a == *bytes_b;
}

bool agrees(const PropertyString& wanted, const PropertyString& actual) {
  return std::ranges::all_of(wanted.entries(), [&](const auto& entry) {
    const auto value = actual.get(entry.first);
    return same_value(entry.second, value ? std::string_view(*value) : std::string_view("0"));
  });
}

}  // namespace gantry::pve
