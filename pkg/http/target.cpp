#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/http/http.h"

namespace gantry::http {
namespace {

bool is_wire_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7f && c != '#'; });
}

Result<std::string> decode_segment(std::string_view raw) {
  auto segment = url_decode(raw);
  if (!segment) return invalid("request target: broken percent-escape in \"%s\"", std::string(raw));
  if (segment->empty()) return invalid("request target: an empty path segment");
  if (*segment == "." || *segment == "..")
    return invalid("request target: the path segment \"%s\" is not allowed", *segment);
  if (segment->find('\0') != std::string::npos)
    return invalid("request target: a zero byte in \"%s\"", std::string(raw));
  return *std::move(segment);
}

Status parse_path(std::string_view path, Target& target) {
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return {};
  for (const auto& raw : split(path.substr(1), '/')) {
    GANTRY_TRY_ASSIGN(auto segment, decode_segment(raw));
    target.segments.push_back(std::move(segment));
  }
  return {};
}

Status parse_query(std::string_view query, Target& target) {
  for (const auto& pair : split(query, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = url_decode(std::string_view(pair).substr(0, equals), true);
    auto value = equals == std::string::npos
                     ? std::optional<std::string>("")
                     : url_decode(std::string_view(pair).substr(equals + 1), true);
    if (!name || !value) return invalid("request target: broken percent-escape in \"%s\"", pair);
    target.query.emplace_back(*std::move(name), *std::move(value));
  }
  return {};
}

}  // namespace

std::optional<std::string> Target::find(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

Result<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return invalid("request target: must begin with \"/\"");
  if (!is_wire_text(target))
    return invalid("request target: must be percent-encoded, without blanks and \"#\"");
  Target parsed;
  const auto mark = target.find('?');
  GANTRY_TRY(parse_path(target.substr(0, mark), parsed));
  if (mark != std::string_view::npos) GANTRY_TRY(parse_query(target.substr(mark + 1), parsed));
  return parsed;
}

}  // namespace gantry::http
