#pragma once
// Formats: what a text must look like, as functions (std::regex costs 5 s of compile time a file
// and is exponential on bad input).
#include <string_view>

namespace gantry::schema {

// One format. Compared by address; all of them are the constants below.
struct Format {
  std::string_view name;              // OpenAPI "format"
  std::string_view right;             // what would be right: "must be …"
  bool (*matches)(std::string_view);  // never called with an empty optional
};

namespace format {
extern const Format dns_label;       // RFC 1123 label, at most 63
extern const Format dns_subdomain;   // RFC 1123 subdomain, at most 253
extern const Format path_segment;    // what fits between two slashes of a path: RBAC names
extern const Format qualified_name;  // Kubernetes label and annotation keys: [prefix/]name
extern const Format label_value;     // at most 63, letters, digits, "-", "_", "."
extern const Format finalizer;       // a qualified name
extern const Format ip;              // IPv4 or IPv6 address
extern const Format ipv4;            // IPv4 address
extern const Format cidr;            // address/prefix
extern const Format ipv4_or_dhcp;    // "dhcp" or IPv4/prefix: PVE's pve-ipv4-config
extern const Format mac;             // 02:00:5e:10:00:01, no group address
extern const Format https_url;       // https://host[:port], no path, user or query
extern const Format absolute_path;   // /a/b: no "..", no control characters
extern const Format url_path;        // /a/b?c=d, no spaces
extern const Format octal_mode;      // "0644"
extern const Format fingerprint;     // SHA-256 of a certificate: 32 hex pairs, colons optional
extern const Format owner;           // user or user:group
extern const Format package_name;    // a Debian package, optionally name=version
extern const Format systemd_unit;    // nginx.service, foo@bar.timer, …
extern const Format env_name;        // environment variable
extern const Format config_key;      // of a Secret or ConfigMap: letters, digits, "-", "_", "."
extern const Format port_name;       // IANA service name: at most 15, has a letter
extern const Format bridge;          // a Linux network device name
extern const Format proxmox_id;  // storage, pool, node, user names: letters, digits, "-", "_", "."
extern const Format base64;      // RFC 4648 with padding
extern const Format pem_certificates;  // one or more PEM CERTIFICATE blocks
extern const Format date_time;         // RFC 3339
extern const Format cel;  // a CEL expression; marked here, compiled where pkg/cel is known
}  // namespace format

}  // namespace gantry::schema
