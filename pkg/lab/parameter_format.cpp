// The registered formats, with the text that each dies with.
#include <algorithm>
#include <cctype>
#include <functional>

#include "pkg/base/text.h"
#include "pkg/lab/guest_config.h"
#include "pkg/lab/parameters.h"
#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

using Wrong = std::optional<std::string>;

bool only(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           extra.find(c) != std::string_view::npos;
  });
}

bool begins_with_letter(std::string_view text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0;
}

Wrong invalid_format(const std::string& text) {
  return "invalid format - " + text + "\n";
}

bool is_dns_name(const std::string& text) {
  if (text.empty() || text.size() > 253) return false;
  for (const auto& label : split(text, '.')) {
    if (!is_dns_label(to_lower(label))) return false;
  }
  return true;
}

bool is_config_id(const std::string& text) {
  return text.size() >= 2 && begins_with_letter(text) && only(text, "_-");
}

std::vector<std::string> list_of(std::string text) {
  for (auto& c : text) {
    if (c == ';' || c == ' ' || c == '\0') c = ',';
  }
  auto parts = split(text, ',');
  std::erase(parts, "");
  return parts;
}

Wrong check_vmid(const std::string& value) {
  const auto number = parse_integer(value).value_or(0);
  if (number >= 100 && number <= 999999999) return std::nullopt;
  return invalid_format("value does not look like a valid VM ID");
}

Wrong check_tags(const std::string& value) {
  for (const auto& tag : list_of(value)) {
    const bool first =
        std::isalnum(static_cast<unsigned char>(tag.front())) != 0 || tag.front() == '_';
    if (!first || !only(tag, "_-+.")) return invalid_format("invalid characters in tag");
  }
  return std::nullopt;
}

Wrong check_startup(const std::string& value) {
  for (const auto& part : list_of(value)) {
    auto text = std::string_view(part);
    for (const std::string_view prefix : {"order=", "up=", "down="}) {
      if (starts_with(text, prefix)) text.remove_prefix(prefix.size());
    }
    if (!parse_integer(text).has_value()) return invalid_format("unable to parse startup options");
  }
  return list_of(value).empty() ? invalid_format("unable to parse startup options") : std::nullopt;
}

Wrong check_content(const std::string& value) {
  for (const auto& content : list_of(value)) {
    bool known = false;
    for (const char* name :
         {"rootdir", "images", "vztmpl", "iso", "backup", "snippets", "none", "import"}) {
      known = known || content == name;
    }
    if (!known) return invalid_format("invalid content type '" + content + "'");
  }
  return std::nullopt;
}

Wrong check_userid(const std::string& value) {
  const auto at = value.rfind('@');
  if (at != std::string::npos && at > 0 && begins_with_letter(value.substr(at + 1)) &&
      value.find_first_of(" :/") == std::string::npos) {
    return std::nullopt;
  }
  return invalid_format("value '" + value + "' does not look like a valid user name");
}

bool is_token_name(const std::string& value) {
  return value.size() >= 2 && begins_with_letter(value) && only(value, "._-");
}

// ^\+?\d+(\.\d+)?[KMGT]?$
bool is_size(std::string_view value) {
  if (starts_with(value, "+")) value.remove_prefix(1);
  if (value.empty() || std::isdigit(static_cast<unsigned char>(value.front())) == 0) return false;
  return parse_size(value).has_value() && value.find('.') != value.size() - 1;
}

bool is_ip_setting(const std::string& value) {
  if (value == "dhcp" || value == "manual" || value == "auto") return true;
  const auto slash = value.find('/');
  return slash != std::string::npos && parse_integer(value.substr(slash + 1)).has_value();
}

Wrong check_properties(const PropertyFormat& format, const std::string& name,
                       const std::string& value) {
  PropertyErrors errors;
  const auto properties = parse_properties(format, value, errors);
  const auto ip = properties.find("ip");
  if (ip != properties.end() && !is_ip_setting(ip->second)) {
    errors.by_name["ip"] =
        "invalid format - value does not look like a valid ipv4 network configuration\n";
  }
  if (errors.empty()) return std::nullopt;
  if (!errors.general.empty()) return errors.general;
  std::string text = "invalid format - format error\n";
  for (const auto& [key, wrong] : errors.by_name) {
    text += name + "." + key + ": " + wrong + (wrong.back() == '\n' ? "" : "\n");
  }
  return text;
}

struct Rule {
  bool (*holds)(const std::string&);
  const char* text;  // '%' stands for the value
};

std::string with_value(std::string text, const std::string& value) {
  const auto at = text.find('%');
  return at == std::string::npos ? text : text.replace(at, 1, value);
}

const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> all{
      {"pve-node",
       {[](const std::string& v) { return is_dns_label(to_lower(v)); },
        "value does not look like a valid node name"}},
      {"dns-name", {is_dns_name, "value does not look like a valid DNS name"}},
      {"pve-storage-id",
       {[](const std::string& v) {
          return v.size() >= 2 && begins_with_letter(v) && only(v, "._-");
        },
        "storage ID '%' contains illegal characters"}},
      {"pve-poolid",
       {[](const std::string& v) { return !v.empty() && only(v, "._-/"); },
        "value '%' does not look like a valid pool name"}},
      {"pve-configid", {is_config_id, "invalid configuration ID '%'"}},
      {"pve-volume-id",
       {[](const std::string& v) { return v.find(':') != std::string::npos; },
        "unable to parse volume ID '%'"}},
  };
  return all;
}

Wrong check_list(const std::string& item, const std::string& name, const std::string& value,
                 bool modern) {
  for (const auto& part : list_of(value)) {
    if (auto wrong = check_format(item, name, part, modern); wrong.has_value()) return wrong;
  }
  return std::nullopt;
}

// A schema's `pattern` instead of a format.
Wrong check_pattern(const std::string& pattern, const std::string& value) {
  bool holds = true;
  if (pattern == "~tokenid") holds = is_token_name(value);
  if (pattern == "~size") holds = is_size(value);
  if (holds) return std::nullopt;
  return "value does not match the regex pattern";
}

}  // namespace

std::optional<std::string> check_format(const std::string& format, const std::string& name,
                                        const std::string& value, bool modern) {
  if (format.front() == '~') return check_pattern(format, value);
  if (format == "pve-vmid") return check_vmid(value);
  if (format == "pve-tag-list") return check_tags(value);
  if (format == "pve-startup-order") return check_startup(value);
  if (format == "pve-storage-content-list") return check_content(value);
  if (format == "pve-userid") return check_userid(value);
  if (format == "dns-name-list") return check_list("dns-name", name, value, modern);
  if (const auto* properties = find_property_format(format, modern); properties != nullptr) {
    return check_properties(*properties, name, value);
  }
  const auto rule = rules().find(format);
  if (rule == rules().end() || rule->second.holds(value)) return std::nullopt;
  return invalid_format(with_value(rule->second.text, value));
}

}  // namespace gantry::lab
