#include "pkg/pve/upid.h"

#include <algorithm>
#include <charconv>

#include "pkg/base/text.h"

namespace gantry::pve {
namespace {

constexpr size_t kLengthMax = 512;

bool is_hex(std::string_view text, size_t digits_min, size_t digits_max) {
  return text.size() >= digits_min && text.size() <= digits_max &&
         std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_node_name(std::string_view text) {
  const auto word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && word(text.front()) && word(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return word(c) || c == '-'; });
}

bool is_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c != 127; });
}

int64_t from_hex(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

Status no_upid(const Upid& upid) {
  return invalid("'%s' is no UPID", upid.get().substr(0, 100));
}

}  // namespace

Result<UpidParts> parse_upid(const Upid& upid) {
  if (upid.get().size() > kLengthMax) return no_upid(upid);
  const auto parts = split(upid.get(), ':');
  if (parts.size() != 9 || parts[0] != "UPID" || !parts[8].empty()) return no_upid(upid);
  // pstart has nine digits once a node has been up for 497 days.
  const bool numbers = is_hex(parts[2], 8, 8) && is_hex(parts[3], 8, 9) && is_hex(parts[4], 8, 8);
  const bool words = is_node_name(parts[1]) && !parts[5].empty() && is_word(parts[5]) &&
                     is_word(parts[6]) && !parts[7].empty() && is_word(parts[7]);
  if (!numbers || !words) return no_upid(upid);
  UpidParts result;
  result.node = NodeName(parts[1]);
  result.pid = from_hex(parts[2]);
  result.pstart = from_hex(parts[3]);
  result.started = from_unix_seconds(from_hex(parts[4]));
  result.type = parts[5];
  result.id = parts[6];
  result.user = parts[7];
  return result;
}

Upid make_upid(const UpidParts& parts) {
  return Upid(absl::StrFormat("UPID:%s:%08X:%08X:%08X:%s:%s:%s:", parts.node.get(), parts.pid,
                              parts.pstart, to_unix_seconds(parts.started), parts.type, parts.id,
                              parts.user));
}

std::optional<VmId> guest_of(const Task& task) {
  const auto number = parse_integer(task.id);
  if (!number || *number <= 0) return std::nullopt;
  return VmId(*number);
}

}  // namespace gantry::pve
