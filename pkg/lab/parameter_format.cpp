// The registered formats, with the text that each dies with. Formats that are not here let
// everything through.
#include <algorithm>
#include <cctype>
#include <map>

#include "pkg/base/text.h"
#include "pkg/lab/lab.h"
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

// A letter, then at least one of letters, digits and `extra`.
bool is_name(std::string_view text, std::string_view extra) {
  return text.size() >= 2 && begins_with_letter(text) && only(text, extra);
}

std::optional<int64_t> number_in(std::string_view text, int64_t low, int64_t high) {
  const auto number = parse_integer(text);
  if (!number.has_value() || *number < low || *number > high) return std::nullopt;
  return number;
}

bool is_vmid(const std::string& text) {
  return number_in(text, 100, 999999999).has_value();
}

bool is_dns_name(const std::string& text) {
  if (text.empty() || text.size() > 253) return false;
  for (const auto& label : split(text, '.')) {
    if (!is_dns_label(to_lower(label))) return false;
  }
  return true;
}

bool is_ipv4(const std::string& text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](const auto& part) {
           return part.size() <= 3 && number_in(part, 0, 255).has_value();
         });
}

bool is_ipv6(const std::string& text) {
  const auto parts = split(text, ':');
  const bool gap = text.find("::") != std::string::npos;
  return parts.size() >= 3 && parts.size() <= 9 && (gap || parts.size() == 8) &&
         std::all_of(parts.begin(), parts.end(), [](const auto& part) {
           return part.size() <= 4 && part.find_first_not_of("0123456789abcdefABCDEF") == part.npos;
         });
}

// An address and the length of its prefix.
bool is_cidr(const std::string& text, bool (*is_address)(const std::string&), int64_t longest) {
  const auto slash = text.find('/');
  return slash != std::string::npos && is_address(text.substr(0, slash)) &&
         number_in(text.substr(slash + 1), 0, longest).has_value();
}
bool is_cidr4(const std::string& text) {
  return is_cidr(text, is_ipv4, 32);
}
bool is_cidr6(const std::string& text) {
  return is_cidr(text, is_ipv6, 128);
}

bool is_mac(const std::string& text) {
  const auto parts = split(text, ':');
  const bool hex = parts.size() == 6 && std::all_of(parts.begin(), parts.end(), [](const auto& p) {
                     return p.size() == 2 && std::isxdigit(static_cast<unsigned char>(p[0])) &&
                            std::isxdigit(static_cast<unsigned char>(p[1]));
                   });
  return hex && std::string_view("02468aceACE").find(parts[0][1]) != std::string_view::npos;
}

bool is_tag(const std::string& tag) {
  const auto first = static_cast<unsigned char>(tag.front());
  return (std::isalnum(first) != 0 || first == '_') && only(tag, "_-+.");
}

bool is_startup(const std::string& value) {
  const auto parts = split(value, ',');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view text) {
    for (const std::string_view prefix : {"order=", "up=", "down="}) {
      if (starts_with(text, prefix)) text.remove_prefix(prefix.size());
    }
    return number_in(text, 0, INT32_MAX).has_value();
  });
}

bool is_content(const std::string& content) {
  for (const char* name :
       {"rootdir", "images", "vztmpl", "iso", "backup", "snippets", "none", "import"}) {
    if (content == name) return true;
  }
  return false;
}

bool is_userid(const std::string& value) {
  const auto at = value.rfind('@');
  return at != std::string::npos && at > 0 && begins_with_letter(value.substr(at + 1)) &&
         value.find_first_of(" :/") == std::string::npos;
}

bool is_tokenid(const std::string& value) {
  const auto mark = value.find('!');
  return mark != std::string::npos && is_userid(value.substr(0, mark)) &&
         is_name(value.substr(mark + 1), "._-");
}

bool is_ha_resource(const std::string& value) {
  const auto colon = value.find(':');
  return colon != std::string::npos && is_name(value.substr(0, colon), "") &&
         colon + 1 < value.size();
}

bool is_ha_node(const std::string& value) {
  const auto colon = value.find(':');
  return is_dns_label(to_lower(value.substr(0, colon))) &&
         (colon == std::string::npos || number_in(value.substr(colon + 1), 0, 1000).has_value());
}

bool has_no_odd_steps(const std::string& path) {
  for (const auto& step : split(path, '/')) {
    if (step == "." || step == "..") return false;
  }
  return true;
}

struct Rule {
  bool (*holds)(const std::string&);
  const char* text;  // '%' stands for the value
};

const std::map<std::string, Rule>& rules() {
  using Text = const std::string&;
  static const std::map<std::string, Rule> all{
      {"pve-vmid", {is_vmid, "value does not look like a valid VM ID"}},
      {"pve-node",
       {[](Text v) { return is_dns_label(to_lower(v)); },
        "value does not look like a valid node name"}},
      {"dns-name", {is_dns_name, "value does not look like a valid DNS name"}},
      {"pve-storage-id",
       {[](Text v) { return is_name(v, "._-"); }, "storage ID '%' contains illegal characters"}},
      {"pve-poolid",
       {[](Text v) { return !v.empty() && only(v, "._-/"); },
        "value '%' does not look like a valid pool name"}},
      {"pve-configid", {[](Text v) { return is_name(v, "_-"); }, "invalid configuration ID '%'"}},
      {"pve-volume-id",
       {[](Text v) { return v.find(':') != std::string::npos; }, "unable to parse volume ID '%'"}},
      {"pve-iface",
       {[](Text v) { return is_name(v, "_.:-") && v.size() <= 20; },
        "invalid network interface name '%'"}},
      {"pve-roleid",
       {[](Text v) { return !v.empty() && only(v, "._-"); },
        "role name '%' contains invalid characters"}},
      {"pve-groupid",
       {[](Text v) { return !v.empty() && only(v, "._-"); },
        "group name '%' contains invalid characters"}},
      {"pve-userid", {is_userid, "value '%' does not look like a valid user name"}},
      {"pve-tokenid", {is_tokenid, "value '%' does not look like a valid token ID"}},
      {"pve-tag", {is_tag, "invalid characters in tag"}},
      {"pve-startup-order", {is_startup, "unable to parse startup options"}},
      {"pve-storage-content", {is_content, "invalid content type '%'"}},
      {"pve-ha-resource-id", {is_ha_resource, "value does not look like a valid ha resource id"}},
      {"pve-ha-resource-or-vm-id",
       {[](Text v) { return is_vmid(v) || is_ha_resource(v); },
        "value does not look like a valid ha resource id"}},
      {"pve-ha-node", {is_ha_node, "value does not look like a valid ha node"}},
      {"pve-ha-group-node", {is_ha_node, "value does not look like a valid ha group node"}},
      {"ipv4", {is_ipv4, "value does not look like a valid IPv4 address"}},
      {"ipv6", {is_ipv6, "value does not look like a valid IPv6 address"}},
      {"CIDRv4", {is_cidr4, "value does not look like a valid IPv4 network"}},
      {"CIDRv6", {is_cidr6, "value does not look like a valid IPv6 network"}},
      {"mac-addr", {is_mac, "value does not look like a valid unicast MAC address"}},
      {"pve-ipv4-config",
       {[](Text v) { return v == "dhcp" || v == "manual" || is_cidr4(v); },
        "value does not look like a valid ipv4 network configuration"}},
      {"pve-ipv6-config",
       {[](Text v) { return v == "dhcp" || v == "manual" || v == "auto" || is_cidr6(v); },
        "value does not look like a valid ipv6 network configuration"}},
      {"disk-size",
       {[](Text v) { return parse_size(v).has_value(); },
        "value does not look like a valid disk size: %"}},
      {"pve-lxc-mp-string", {has_no_odd_steps, "% contains illegal character sequences"}},
  };
  return all;
}

std::string with_value(std::string text, const std::string& value) {
  const auto at = text.find('%');
  return at == std::string::npos ? text : text.replace(at, 1, value);
}

Wrong check_properties(const PropertyFormat& format, const std::string& name,
                       const std::string& value, bool modern) {
  PropertyErrors errors;
  (void)parse_properties(format, value, modern, errors);
  if (errors.empty()) return std::nullopt;
  if (!errors.general.empty()) return errors.general;
  std::string text = "invalid format - format error\n";
  for (const auto& [key, wrong] : errors.by_name) {
    text += name + "." + key + ": " + wrong + (wrong.back() == '\n' ? "" : "\n");
  }
  return text;
}

Wrong check_list(const std::string& item, const std::string& name, const std::string& value,
                 bool modern) {
  for (const auto& part : list_of(value)) {
    if (auto wrong = check_format(item, name, part, modern); wrong.has_value()) return wrong;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> list_of(std::string text) {
  for (auto& c : text) {
    if (c == ';' || c == ' ' || c == '\0') c = ',';
  }
  auto parts = split(text, ',');
  std::erase(parts, "");
  return parts;
}

std::optional<std::string> check_format(const std::string& format, const std::string& name,
                                        const std::string& value, bool modern) {
  constexpr std::string_view kList = "-list";
  if (format.ends_with(kList)) {
    return check_list(format.substr(0, format.size() - kList.size()), name, value, modern);
  }
  const auto& formats = api_schema(modern ? PveVersion::v9_2 : PveVersion::v8_4).formats;
  const auto properties = formats.find(format);
  if (properties != formats.end()) {
    return check_properties(properties->second, name, value, modern);
  }
  const auto rule = rules().find(format);
  if (rule == rules().end() || rule->second.holds(value)) return std::nullopt;
  return "invalid format - " + with_value(rule->second.text, value) + "\n";
}

}  // namespace gantry::lab
