#include "pkg/lab/property.h"

#include <algorithm>
#include <cmath>

#include "pkg/base/text.h"
#include "pkg/lab/guest_config.h"

namespace gantry::lab {
namespace {

PropertyFormat net_format(bool modern) {
  PropertyFormat format{{{"name", true},
                         {"bridge"},
                         {"firewall", false, false, true},
                         {"gw"},
                         {"gw6"},
                         {"hwaddr"},
                         {"ip"},
                         {"ip6"},
                         {"link_down", false, false, true},
                         {"mtu", false, false, false, true},
                         {"rate"},
                         {"tag", false, false, false, true},
                         {"trunks"},
                         {"type"}}};
  if (modern) format.properties.push_back({"host-managed", false, false, true});
  return format;
}

PropertyFormat rootfs_format(bool modern) {
  PropertyFormat format{{{"volume", true, true},
                         {"acl", false, false, true},
                         {"mountoptions"},
                         {"quota", false, false, true},
                         {"replicate", false, false, true},
                         {"ro", false, false, true},
                         {"shared", false, false, true},
                         {"size"}}};
  if (modern) format.properties.push_back({"idmap"});
  return format;
}

PropertyFormat mp_format(bool modern) {
  auto format = rootfs_format(modern);
  format.properties.push_back({"mp", true});
  format.properties.push_back({"backup", false, false, true});
  if (modern) format.properties.push_back({"keepattrs", false, false, true});
  return format;
}

PropertyFormat features_format() {
  PropertyFormat format;
  for (const char* name : {"force_rw_sys", "fuse", "keyctl", "mknod", "nesting"}) {
    format.properties.push_back({name, false, false, true});
  }
  format.properties.push_back({"mount"});
  return format;
}

struct Formats {
  PropertyFormat net, rootfs, mp, features;
};

const Formats& formats(bool modern) {
  static const Formats old{net_format(false), rootfs_format(false), mp_format(false),
                           features_format()};
  static const Formats current{net_format(true), rootfs_format(true), mp_format(true),
                               features_format()};
  return modern ? current : old;
}

bool is_boolean_text(const std::string& text) {
  const auto lower = to_lower(text);
  for (const char* word : {"0", "1", "on", "off", "yes", "no", "true", "false"}) {
    if (lower == word) return true;
  }
  return false;
}

std::string as_boolean(const std::string& text) {
  const auto lower = to_lower(text);
  return lower == "1" || lower == "on" || lower == "yes" || lower == "true" ? "1" : "0";
}

const SubProperty* default_of(const PropertyFormat& format) {
  const auto it = std::find_if(format.properties.begin(), format.properties.end(),
                               [](const auto& property) { return property.is_default; });
  return it == format.properties.end() ? nullptr : &*it;
}

void check_value(const SubProperty& property, std::string& value, PropertyErrors& errors) {
  if (property.is_boolean) {
    if (!is_boolean_text(value)) {
      errors.by_name[property.name] = "type check ('boolean') failed - got '" + value + "'";
    }
    value = as_boolean(value);
  } else if (property.is_integer && !parse_integer(value).has_value()) {
    errors.by_name[property.name] = "type check ('integer') failed - got '" + value + "'";
  }
}

}  // namespace

const SubProperty* PropertyFormat::find(std::string_view name) const {
  const auto it = std::find_if(properties.begin(), properties.end(),
                               [&](const auto& property) { return property.name == name; });
  return it == properties.end() ? nullptr : &*it;
}

const PropertyFormat* find_property_format(std::string_view name, bool modern) {
  const auto& all = formats(modern);
  if (name == "net") return &all.net;
  if (name == "rootfs") return &all.rootfs;
  if (name == "mp") return &all.mp;
  if (name == "features") return &all.features;
  return nullptr;
}

Properties parse_properties(const PropertyFormat& format, std::string_view text,
                            PropertyErrors& errors) {
  Properties result;
  for (const auto& part : split(text, ',')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    std::string name = part.substr(0, equals);
    std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    if (equals == std::string::npos) {
      const auto* by_default = default_of(format);
      if (by_default == nullptr || result.contains(by_default->name)) {
        errors.general =
            "invalid format - value without key, but schema does not define a "
            "default key\n";
        continue;
      }
      value = std::move(name);
      name = by_default->name;
    }
    const auto* property = format.find(name);
    if (property == nullptr) {
      errors.by_name[name] =
          "property is not defined in schema and the schema does not allow additional properties";
      continue;
    }
    check_value(*property, value, errors);
    result[name] = std::move(value);
  }
  for (const auto& property : format.properties) {
    if (property.required && !result.contains(property.name)) {
      errors.by_name.try_emplace(property.name, "property is missing and it is not optional");
    }
  }
  return result;
}

Properties parse_properties(const PropertyFormat& format, std::string_view text) {
  PropertyErrors ignored;
  return parse_properties(format, text, ignored);
}

std::string print_properties(const PropertyFormat& format, const Properties& properties) {
  std::vector<std::string> first, required, others;
  for (const auto& [name, value] : properties) {
    const auto* property = format.find(name);
    if (property != nullptr && property->is_default) {
      first.push_back(value);
    } else if (property != nullptr && property->required) {
      required.push_back(name + "=" + value);
    } else {
      others.push_back(name + "=" + value);
    }
  }
  first.insert(first.end(), required.begin(), required.end());
  first.insert(first.end(), others.begin(), others.end());
  return join(first, ",");
}

std::string volume_of(std::string_view value) {
  return parse_properties(formats(true).mp, value)["volume"];
}

std::string with_volume(std::string_view key, std::string_view value, const std::string& volid,
                        bool modern) {
  if (is_unused_key(key)) return volid;
  const auto& format = *find_property_format(key_family(key), modern);
  auto parts = parse_properties(format, value);
  parts["volume"] = volid;
  return print_properties(format, parts);
}

std::optional<int64_t> parse_size(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double factor = 1;
  constexpr std::string_view kUnits = "KMGT";
  if (const auto unit = kUnits.find(text.back()); unit != std::string_view::npos) {
    factor = std::pow(1024.0, static_cast<double>(unit + 1));
    text.remove_suffix(1);
  }
  const auto number = parse_double(text);
  if (!number.has_value() || *number < 0) return std::nullopt;
  return static_cast<int64_t>(*number * factor);
}

std::string print_size(int64_t bytes) {
  constexpr std::string_view kUnits = "KMGT";
  size_t unit = 0;
  while (unit < kUnits.size() && bytes > 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  auto text = std::to_string(bytes);
  if (unit > 0) text += kUnits[unit - 1];
  return text;
}

std::optional<NewDisk> parse_new_disk(std::string_view volume) {
  const auto colon = volume.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto number = volume.substr(colon + 1);
  if (number.empty() || number.find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto gibibytes = parse_double(number);
  if (!gibibytes.has_value()) return std::nullopt;
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  return NewDisk{std::string(volume.substr(0, colon)), static_cast<int64_t>(*gibibytes * kGiB)};
}

}  // namespace gantry::lab
