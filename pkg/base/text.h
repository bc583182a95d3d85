#pragma once
// Small words about text that several packages need.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry {

std::string_view trim(std::string_view text);
// Splits at every `separator`; "a,,b" has three parts, "" has one.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);
bool starts_with(std::string_view text, std::string_view prefix);

// The whole text as a decimal integer; nullopt otherwise, also on overflow.
std::optional<int64_t> parse_integer(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// A Kubernetes quantity ("512Mi", "8Gi", "1500m", "2e3") rounded up to whole units; nullopt when
// it is none or does not fit. Suffixes: m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei.
std::optional<int64_t> parse_quantity(std::string_view text);
// Bytes for people: "512 MiB", "7.5 GiB".
std::string human_bytes(int64_t bytes);

// Percent-encodes everything but unreserved characters (RFC 3986): safe in paths, queries, forms.
std::string url_encode(std::string_view text);
// nullopt on a broken escape. `plus_is_space` for form bodies and query strings.
std::optional<std::string> url_decode(std::string_view text, bool plus_is_space = false);

std::string base64_encode(std::string_view bytes);
// Strict RFC 4648 with padding; nullopt otherwise.
std::optional<std::string> base64_decode(std::string_view text);
// RFC 4648 §5 without padding, as in JSON Web Tokens; nullopt for anything else, non-zero rest bits
// included, so that no text has two forms.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);
std::string hex(std::string_view bytes);

// RFC 1123: label ≤ 63 "a-z0-9-", subdomain ≤ 253 of labels joined by dots.
bool is_dns_label(std::string_view text);
bool is_dns_subdomain(std::string_view text);

}  // namespace gantry
