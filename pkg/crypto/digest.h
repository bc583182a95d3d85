#pragma once
// Digests of bytes.
#include <string>
#include <string_view>

namespace gantry::crypto {

// 32 raw bytes; use hex() or base64_encode() of pkg/base/text.h to write them.
std::string sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
// Only for what Proxmox computes so (config digests); never for security.
std::string sha1_hex(std::string_view bytes);

// 32 raw bytes, RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Takes the same time wherever the two differ. Different lengths are told at once.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace gantry::crypto
