#include "pkg/schema/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gantry::schema {
namespace {

bool is_tail(std::string_view bytes, size_t at, unsigned char low = 0x80,
             unsigned char high = 0xbf) {
  if (at >= bytes.size()) return false;
  const auto c = static_cast<unsigned char>(bytes[at]);
  return c >= low && c <= high;
}

// Length of the sequence that begins at `at`; 0 when it is broken. Table 3-7 of the Unicode
// standard.
size_t sequence(std::string_view bytes, size_t at) {
  const auto c = static_cast<unsigned char>(bytes[at]);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return is_tail(bytes, at + 1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    const unsigned char low = c == 0xe0 ? 0xa0 : 0x80;
    const unsigned char high = c == 0xed ? 0x9f : 0xbf;
    return is_tail(bytes, at + 1, low, high) && is_tail(bytes, at + 2) ? 3 : 0;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    const unsigned char low = c == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = c == 0xf4 ? 0x8f : 0xbf;
    const bool whole =
        is_tail(bytes, at + 1, low, high) && is_tail(bytes, at + 2) && is_tail(bytes, at + 3);
    return whole ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_ascii(std::string_view bytes) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if ((word & kHighBits) != 0) return false;
  }
  return std::ranges::all_of(bytes.substr(at),
                             [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(std::string_view bytes) {
  if (is_ascii(bytes)) return true;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = sequence(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string to_utf8(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = sequence(bytes, at);
    if (length == 0) {
      text += "\xef\xbf\xbd";
      ++at;
    } else {
      text += bytes.substr(at, length);
      at += length;
    }
  }
  return text;
}

}  // namespace gantry::schema
