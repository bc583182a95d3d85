#pragma once
// Digests of bytes.
#include <string>
#include <string_view>

namespace gantry::crypto {

// 32 raw bytes; use hex() or base64_encode() of pkg/base/text.h to write them.
std::string sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);
// Only for what others compute so (Proxmox's config digests, WebSocket's handshake); never for
// security. 20 raw bytes.
std::string sha1(std::string_view bytes);
std::string sha1_hex(std::string_view bytes);

// 32 raw bytes, RFC 2104.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Takes the same time wherever the two differ. Different lengths are told at once.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace gantry::crypto
