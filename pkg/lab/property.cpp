#include "pkg/lab/property.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/lab/guest_config.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/parameters.h"

namespace gantry::lab {
namespace {

// "on" and the like become 1 or 0; anything else stays as it is.
std::string as_boolean(const std::string& text) {
  const auto lower = to_lower(text);
  for (const char* word : {"1", "on", "yes", "true"}) {
    if (lower == word) return "1";
  }
  for (const char* word : {"0", "off", "no", "false"}) {
    if (lower == word) return "0";
  }
  return text;
}

const Parameter* default_of(const PropertyFormat& format) {
  const auto it = std::find_if(format.properties.begin(), format.properties.end(),
                               [](const auto& property) { return property.is_default; });
  return it == format.properties.end() ? nullptr : &*it;
}

Properties split_properties(const PropertyFormat& format, std::string_view text,
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
            "invalid format - value without key, but schema does not define a default key\n";
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
    if (property->type == Parameter::Type::boolean) value = as_boolean(value);
    result[name] = std::move(value);
  }
  return result;
}

}  // namespace

const PropertyFormat* find_property_format(std::string_view name, bool modern) {
  const auto& formats = api_schema(modern ? PveVersion::v9_2 : PveVersion::v8_4).formats;
  if (!modern) {
    const auto older = formats.find(std::string(name) + "#2");
    if (older != formats.end()) return &older->second;
  }
  const auto it = formats.find(name);
  return it == formats.end() ? nullptr : &it->second;
}

Properties parse_properties(const PropertyFormat& format, std::string_view text) {
  PropertyErrors ignored;
  return split_properties(format, text, ignored);
}

Properties parse_properties(const PropertyFormat& format, std::string_view text, bool modern,
                            PropertyErrors& errors) {
  auto result = split_properties(format, text, errors);
  for (const auto& property : format.properties) {
    const auto it = result.find(property.name);
    if (it == result.end()) {
      if (!property.optional) {
        errors.by_name.try_emplace(property.name, "property is missing and it is not optional");
      }
    } else if (auto wrong = check_value(property, it->first, it->second, modern);
               wrong.has_value()) {
      errors.by_name[property.name] = std::move(*wrong);
    }
  }
  return result;
}

std::string print_properties(const PropertyFormat& format, const Properties& properties) {
  std::vector<std::string> first, required, others;
  for (const auto& [name, value] : properties) {
    const auto* property = format.find(name);
    if (property != nullptr && property->is_default) {
      first.push_back(value);
    } else if (property != nullptr && !property->optional) {
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
  return parse_properties(*find_property_format("mp", true), value)["volume"];
}

std::string with_volume(std::string_view key, std::string_view value, const std::string& volid,
                        bool modern) {
  if (is_unused_key(key)) return volid;
  const auto& format = *find_property_format(key_family(key), modern);
  auto parts = parse_properties(format, value);
  parts["volume"] = volid;
  return print_properties(format, parts);
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
  const auto bytes = parse_size(std::string(number) + "G");
  if (!bytes.has_value()) return std::nullopt;
  return NewDisk{std::string(volume.substr(0, colon)), *bytes};
}

}  // namespace gantry::lab
