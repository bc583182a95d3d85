#include "pkg/pve/mark.h"

#include <algorithm>

#include <absl/strings/str_format.h>

#include "pkg/base/text.h"

namespace gantry::pve {
namespace {

constexpr std::string_view kMarker = "gantry:v1";
constexpr std::string_view kTagPrefix = "gantry-";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

// RFC 4122: five groups of hexadecimal digits.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// Where a mark stands in a description, and what it says; no mark when it is damaged.
struct Found {
  size_t begin = 0;
  size_t end = 0;
  std::optional<Mark> mark;
};

// The next word of the line that begins at `at`; empty at the end of the line.
std::string_view next_word(std::string_view text, size_t& at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  const size_t begin = at;
  while (at < text.size() && !is_blank(text[at]) && text[at] != '\n') ++at;
  return text.substr(begin, at - begin);
}

struct Fields {
  std::optional<std::string> installation, uid, epoch;
  bool damaged = false;

  // False when the word is none of ours.
  bool take(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return false;
    const auto key = word.substr(0, equals);
    auto* field = key == "installation" ? &installation
                  : key == "uid"        ? &uid
                  : key == "epoch"      ? &epoch
                                        : nullptr;
    if (field == nullptr) return false;
    damaged = damaged || field->has_value();
    *field = std::string(word.substr(equals + 1));
    return true;
  }

  std::optional<Mark> mark() const {
    if (damaged || !installation || !uid || !epoch) return std::nullopt;
    const auto number = parse_integer(*epoch);
    if (!is_name(*installation) || !is_name(*uid) || !number || *number < 0) return std::nullopt;
    return Mark{*installation, Uid(*uid), *number};
  }
};

// The first mark at or after `from`.
std::optional<Found> next_mark(std::string_view text, size_t from) {
  while (true) {
    const auto begin = text.find(kMarker, from);
    if (begin == std::string_view::npos) return std::nullopt;
    const size_t end = begin + kMarker.size();
    from = end;
    const bool starts = begin == 0 || text[begin - 1] == '\n' || is_blank(text[begin - 1]);
    const bool ends = end == text.size() || text[end] == '\n' || is_blank(text[end]);
    if (!starts || !ends) continue;
    Found found{begin, end, std::nullopt};
    Fields fields;
    size_t at = end;
    for (auto word = next_word(text, at); !word.empty(); word = next_word(text, at))
      if (fields.take(word)) found.end = at;
    found.mark = fields.mark();
    return found;
  }
}

}  // namespace

std::string to_description_line(const Mark& mark) {
  return absl::StrFormat("%s installation=%s uid=%s epoch=%d", kMarker, mark.installation,
                         mark.uid.get(), mark.epoch);
}

std::optional<Mark> find_mark(std::string_view description) {
  std::optional<Mark> result;
  for (auto found = next_mark(description, 0); found; found = next_mark(description, found->end)) {
    // Two marks that differ prove nothing: one of them is somebody's paste.
    if (!found->mark || (result && !(*result == *found->mark))) return std::nullopt;
    result = found->mark;
  }
  return result;
}

std::string with_mark(std::string_view description, const Mark& mark) {
  const auto line = to_description_line(mark);
  std::string result;
  size_t kept = 0;
  bool placed = false;
  for (auto found = next_mark(description, 0); found; found = next_mark(description, found->end)) {
    result += description.substr(kept, found->begin - kept);
    if (!placed) result += line;
    placed = true;
    kept = found->end;
  }
  result += description.substr(kept);
  if (placed) return result;
  while (!result.empty() && result.back() == '\n') result.pop_back();
  if (!result.empty()) result += '\n';
  return result + line;
}

std::string to_tag(const Uid& uid) {
  return std::string(kTagPrefix) + to_lower(uid.get());
}

std::optional<Uid> find_tag(const std::vector<std::string>& tags) {
  std::optional<Uid> result;
  for (const auto& tag : tags) {
    if (!starts_with(tag, kTagPrefix)) continue;
    const auto rest = std::string_view(tag).substr(kTagPrefix.size());
    if (!is_uuid(rest)) continue;  // somebody's "gantry-lab"
    Uid uid(to_lower(rest));
    if (result && *result != uid) return std::nullopt;
    result = std::move(uid);
  }
  return result;
}

}  // namespace gantry::pve
