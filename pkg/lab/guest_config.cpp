#include "pkg/lab/guest_config.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::lab {
namespace {

constexpr std::string_view kPendingHeader = "[pve:pending]";

// What the schema calls integer or boolean.
const std::set<std::string_view>& number_keys() {
  static const std::set<std::string_view> keys{"console", "cores",    "cpuunits",     "debug",
                                               "memory",  "onboot",   "protection",   "swap",
                                               "tty",     "template", "unprivileged", "snaptime"};
  return keys;
}

void append_section(std::string& text, const std::map<std::string, std::string>& values) {
  if (const auto it = values.find("description"); it != values.end()) {
    for (const auto& line : split(it->second, '\n')) text += "#" + line + "\n";
  }
  for (const auto& [key, value] : values) {
    if (key != "description") text += key + ": " + value + "\n";
  }
}

void finish_description(std::map<std::string, std::string>& values, std::string& description) {
  if (description.empty()) return;
  description.pop_back();  // the newline of the last line
  values["description"] = std::move(description);
  description.clear();
}

}  // namespace

std::string GuestConfig::get(const std::string& key, const std::string& fallback) const {
  const auto it = values.find(key);
  return it == values.end() ? fallback : it->second;
}

std::map<std::string, std::string> GuestConfig::next() const {
  auto all = values;
  for (const auto& key : pending_delete) all.erase(key);
  for (const auto& [key, value] : pending) all[key] = value;
  return all;
}

std::string to_conf(const GuestConfig& config) {
  std::string text;
  append_section(text, config.values);
  if (!config.pending.empty() || !config.pending_delete.empty()) {
    text += "\n" + std::string(kPendingHeader) + "\n";
  }
  if (!config.pending_delete.empty()) {
    text +=
        "delete: " + join({config.pending_delete.begin(), config.pending_delete.end()}, ",") + "\n";
  }
  append_section(text, config.pending);
  for (const auto& [name, values] : config.snapshots) {
    text += "\n[" + name + "]\n";
    append_section(text, values);
  }
  return text;
}

GuestConfig parse_conf(std::string_view text) {
  GuestConfig config;
  auto* section = &config.values;
  std::string description;
  for (const auto& line : split(text, '\n')) {
    if (starts_with(line, "#")) {
      description += line.substr(1) + "\n";
      continue;
    }
    if (line == kPendingHeader) {
      finish_description(*section, description);
      section = &config.pending;
      continue;
    }
    if (line.size() > 2 && line.front() == '[' && line.back() == ']') {
      finish_description(*section, description);
      section = &config.snapshots[line.substr(1, line.size() - 2)];
      continue;
    }
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const auto key = line.substr(0, colon);
    const auto value = line.substr(colon + 2);
    if (section == &config.pending && key == "delete") {
      const auto keys = split(value, ',');
      config.pending_delete.insert(keys.begin(), keys.end());
    } else {
      (*section)[key] = value;
    }
  }
  finish_description(*section, description);
  return config;
}

std::string digest_of(const GuestConfig& config) {
  return crypto::sha1_hex(to_conf(config));
}

Json shown(const std::string& key, const std::string& value) {
  if (key == "description") return value + "\n";
  if (number_keys().contains(key)) {
    if (const auto number = parse_integer(value); number.has_value()) return *number;
  }
  return value;
}

bool is_unused_key(std::string_view key) {
  return key_family(key) == "unused";
}

bool is_volume_key(std::string_view key) {
  return key == "rootfs" || key_family(key) == "mp";
}

std::string_view key_family(std::string_view key) {
  while (!key.empty() && key.back() >= '0' && key.back() <= '9') key.remove_suffix(1);
  return key;
}

std::string normalised_tags(std::string_view tags) {
  std::string separated(tags);
  for (auto& c : separated) {
    if (c == ',' || c == ' ' || c == '\0') c = ';';
  }
  std::set<std::string> all;
  for (const auto& tag : split(to_lower(separated), ';')) {
    if (!tag.empty()) all.insert(tag);
  }
  return join({all.begin(), all.end()}, ";");
}

}  // namespace gantry::lab
