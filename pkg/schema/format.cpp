#include "pkg/schema/format.h"

#include <algorithm>
#include <array>
#include <string>

#include <absl/strings/ascii.h>
#include <arpa/inet.h>

#include "pkg/base/text.h"
#include "pkg/base/time.h"

namespace gantry::schema {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_alpha(char c) {
  return is_lower(c) || is_upper(c);
}
bool is_alnum(char c) {
  return is_alpha(c) || absl::ascii_isdigit(c);
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

// 1 to `max` characters, alphanumeric or of `others`, alphanumeric at both ends.
bool is_word(std::string_view text, size_t max, std::string_view others) {
  if (text.empty() || text.size() > max) return false;
  if (!is_alnum(text.front()) || !is_alnum(text.back())) return false;
  return std::ranges::all_of(text, [&](char c) { return is_alnum(c) || is_one_of(c, others); });
}

bool is_qualified_name(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_word(text, 63, "-_.");
  return is_dns_subdomain(text.substr(0, slash)) && is_word(text.substr(slash + 1), 63, "-_.");
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_word(text, 63, "-_.");
}

// 4, 6, or 0 for no address.
int ip_version(std::string_view text) {
  const std::string address(text);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return 4;
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return 6;
  return 0;
}

bool is_ip(std::string_view text) {
  return text.find('\0') == std::string_view::npos && ip_version(text) != 0;
}

bool is_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || !is_ip(text.substr(0, slash))) return false;
  const auto digits = text.substr(slash + 1);
  if (digits.size() > 3 || !std::ranges::all_of(digits, absl::ascii_isdigit)) return false;
  const auto length = parse_integer(digits);
  return length && *length <= (ip_version(text.substr(0, slash)) == 4 ? 32 : 128);
}

bool is_ipv4(std::string_view text) {
  return is_ip(text) && ip_version(text) == 4;
}

// PVE/JSONSchema.pm takes prefixes from 8 on (pve_verify_cidrv4).
bool is_ipv4_or_dhcp(std::string_view text) {
  if (text == "dhcp") return true;
  const size_t slash = text.find('/');
  return is_cidr(text) && is_ipv4(text.substr(0, slash)) &&
         parse_integer(text.substr(slash + 1)).value_or(0) >= 8;
}

bool is_mac(std::string_view text) {
  if (text.size() != 17) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !absl::ascii_isxdigit(text[i])) return false;
  }
  // The lowest bit of the first byte marks group addresses, which no interface can have.
  return is_one_of(text[1], "02468aceACE");
}

bool is_port_number(std::string_view text) {
  const auto port = text.size() <= 5 ? parse_integer(text) : std::nullopt;
  return port && *port >= 1 && *port <= 65535;
}

bool is_host(std::string_view text) {
  return is_dns_subdomain(to_lower(text)) || ip_version(text) == 4;
}

bool is_https_url(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (!starts_with(text, kScheme)) return false;
  text.remove_prefix(kScheme.size());
  if (!text.empty() && text.back() == '/') text.remove_suffix(1);
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || ip_version(text.substr(1, end - 1)) != 6) return false;
    port = text.substr(end + 1);
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    if (!is_host(text.substr(0, colon))) return false;
    port = text.substr(colon);
  }
  return port.empty() || (port.front() == ':' && is_port_number(port.substr(1)));
}

bool is_absolute_path(std::string_view text) {
  if (text.size() < 2 || text.size() > 4096 || text.front() != '/') return false;
  if (text.back() == '/' || std::ranges::any_of(text, is_control)) return false;
  const auto parts = split(text.substr(1), '/');
  return std::ranges::none_of(
      parts, [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

bool is_url_path(std::string_view text) {
  return !text.empty() && text.front() == '/' && text.size() <= 2048 &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_octal_mode(std::string_view text) {
  return (text.size() == 3 || (text.size() == 4 && text.front() == '0')) &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
}

bool is_fingerprint(std::string_view text) {
  if (text.size() == 64) return std::ranges::all_of(text, absl::ascii_isxdigit);
  if (text.size() != 95) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

bool is_user(std::string_view text) {
  return !text.empty() && text.size() <= 32 && !is_one_of(text.front(), "-.") &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || is_one_of(c, "-_."); });
}

bool is_owner(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return is_user(text);
  return is_user(text.substr(0, colon)) && is_user(text.substr(colon + 1));
}

bool is_package_name(std::string_view text) {
  const size_t equals = std::min(text.find('='), text.size());
  const auto name = text.substr(0, equals);
  if (name.size() < 2 || !(is_lower(name.front()) || absl::ascii_isdigit(name.front())))
    return false;
  const bool named = std::ranges::all_of(
      name, [](char c) { return is_lower(c) || absl::ascii_isdigit(c) || is_one_of(c, "+-."); });
  if (!named || equals == text.size()) return named;
  const auto version = text.substr(equals + 1);
  return !version.empty() && absl::ascii_isdigit(version.front()) &&
         std::ranges::all_of(version, [](char c) { return is_alnum(c) || is_one_of(c, ".+-~:"); });
}

bool is_systemd_unit(std::string_view text) {
  if (text.size() > 255 || text.empty() || text.front() == '-') return false;
  const size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  static constexpr std::array<std::string_view, 5> kTypes = {"service", "socket", "timer", "target",
                                                             "path"};
  if (std::ranges::find(kTypes, text.substr(dot + 1)) == kTypes.end()) return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || is_one_of(c, ":-_.\\@"); });
}

bool is_env_name(std::string_view text) {
  if (text.empty() || text.size() > 255 || absl::ascii_isdigit(text.front())) return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_'; });
}

bool is_config_key(std::string_view text) {
  if (text.empty() || text.size() > 253 || text == "." || text == "..") return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || is_one_of(c, "-_."); });
}

bool is_port_name(std::string_view text) {
  if (text.empty() || text.size() > 15 || text.front() == '-' || text.back() == '-') return false;
  if (text.find("--") != std::string_view::npos) return false;
  return std::ranges::all_of(
             text, [](char c) { return is_lower(c) || absl::ascii_isdigit(c) || c == '-'; }) &&
         std::ranges::any_of(text, is_lower);
}

// IFNAMSIZ is 16 with its terminator.
bool is_device_name(std::string_view text) {
  if (text.empty() || text.size() > 15 || !is_alpha(text.front())) return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || is_one_of(c, "-_."); });
}

bool is_path_segment(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text != "." && text != ".." &&
         text.find_first_of("/%") == std::string_view::npos;
}

bool is_proxmox_id(std::string_view text) {
  return is_word(text, 100, "-_.");
}

bool is_base64(std::string_view text) {
  return base64_decode(text).has_value();
}

bool is_pem(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  const size_t begin = text.find(kBegin);
  return begin != std::string_view::npos && text.find(kEnd, begin) != std::string_view::npos &&
         text.find("PRIVATE KEY") == std::string_view::npos;
}

bool is_date_time(std::string_view text) {
  return from_rfc3339(text).has_value();
}

// Compiled where pkg/cel is known; here only what cannot be an expression at all.
bool may_be_cel(std::string_view text) {
  return !trim(text).empty() && text.size() <= 4096;
}

}  // namespace

namespace format {

const Format dns_label = {
    "dns-label", "must be at most 63 lower-case letters, digits or \"-\", not \"-\" at the ends",
    &is_dns_label};
const Format dns_subdomain = {"dns-subdomain",
                              "must be lower-case letters, digits, \"-\" or \".\", with a letter "
                              "or digit at the ends, at most "
                              "63 between dots and 253 in all",
                              &is_dns_subdomain};
const Format qualified_name = {
    "qualified-name",
    "must be [prefix/]name: the name at most 63 letters, digits, \"-\", \"_\" or \".\"",
    &is_qualified_name};
const Format label_value = {"label-value",
                            "must be empty or at most 63 letters, digits, \"-\", \"_\" or \".\"",
                            &is_label_value};
const Format finalizer = {"finalizer", "must be [prefix/]name, such as gantry.dev/machine",
                          &is_qualified_name};
const Format ip = {"ip", "must be an IPv4 or IPv6 address", &is_ip};
const Format ipv4 = {"ipv4", "must be an IPv4 address", &is_ipv4};
const Format cidr = {"cidr", "must be an address and prefix length, such as 192.0.2.10/24",
                     &is_cidr};
const Format ipv4_or_dhcp = {
    "ipv4-or-dhcp",
    "must be dhcp or an IPv4 address and prefix length from 8 on, such as 192.0.2.10/24",
    &is_ipv4_or_dhcp};
const Format mac = {"mac", "must be a MAC address of one interface, such as 02:00:5e:10:00:01",
                    &is_mac};
const Format https_url = {"https-url", "must be https://host[:port] without a path", &is_https_url};
const Format absolute_path = {
    "absolute-path", "must be an absolute path of a file, without \".\", \"..\" or empty parts",
    &is_absolute_path};
const Format url_path = {"url-path", "must begin with / and have no spaces", &is_url_path};
const Format octal_mode = {"octal-mode", "must be octal permissions in quotes, such as \"0644\"",
                           &is_octal_mode};
const Format fingerprint = {"fingerprint",
                            "must be the SHA-256 fingerprint of a certificate: 32 bytes as AA:BB:…",
                            &is_fingerprint};
const Format owner = {"owner", "must be user or user:group", &is_owner};
const Format package_name = {"package", "must be the name of a Debian package, or name=version",
                             &is_package_name};
const Format systemd_unit = {
    "systemd-unit", "must be the name of a systemd unit with its type, such as nginx.service",
    &is_systemd_unit};
const Format env_name = {"env-name", "must be letters, digits and \"_\", not a digit first",
                         &is_env_name};
const Format config_key = {
    "config-key", "must be at most 253 letters, digits, \"-\", \"_\" or \".\"", &is_config_key};
const Format port_name = {
    "port-name", "must be at most 15 lower-case letters, digits or \"-\", with at least one letter",
    &is_port_name};
const Format bridge = {"device", "must be a network device's name: at most 15 characters",
                       &is_device_name};
const Format path_segment = {"path-segment",
                             "must have at most 253 characters, none of them \"/\" or \"%\", and "
                             "not be \".\" or \"..\"",
                             &is_path_segment};
const Format proxmox_id = {"proxmox-id", "must be letters, digits, \"-\", \"_\" or \".\"",
                           &is_proxmox_id};
const Format base64 = {"byte", "must be base64 (use stringData for plain text)", &is_base64};
const Format pem_certificates = {"pem", "must be PEM certificates, and no key", &is_pem};
const Format date_time = {"date-time", "must be a time as in RFC 3339: 2026-11-21T05:29:02Z",
                          &is_date_time};
const Format cel = {"cel", "must be a CEL expression", &may_be_cel};

}  // namespace format
}  // namespace gantry::schema
