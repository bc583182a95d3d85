#include "pkg/schema/problem.h"

#include <algorithm>

#include <absl/strings/str_format.h>

#include "pkg/base/text.h"

namespace gantry::schema {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::required:
      return "FieldValueRequired";
    case Reason::invalid:
      return "FieldValueInvalid";
    case Reason::type_invalid:
      return "FieldValueTypeInvalid";
    case Reason::not_supported:
      return "FieldValueNotSupported";
    case Reason::duplicate:
      return "FieldValueDuplicate";
    case Reason::forbidden:
      return "FieldValueForbidden";
    case Reason::unknown:
      return "FieldValueUnknown";
  }
  return "FieldValueInvalid";
}

std::string to_string(const Problem& problem) {
  if (problem.path.empty()) return problem.message;
  return absl::StrFormat("%s: %s", problem.path, problem.message);
}

Status to_status(const Problems& problems) {
  if (problems.empty()) return {};
  std::vector<std::string> lines;
  for (const auto& problem : problems) lines.push_back(to_string(problem));
  return make_error(ErrorClass::invalid, join(lines, "; "));
}

std::string join_path(std::string_view parent, std::string_view child) {
  std::string path(parent);
  if (!path.empty() && !child.empty() && child.front() != '[') path += '.';
  path += child;
  return path;
}

std::string index_path(std::string_view parent, size_t index) {
  return absl::StrFormat("%s[%d]", parent, index);
}

std::string key_path(std::string_view parent, std::string_view key) {
  const bool plain = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (plain) return join_path(parent, key);
  return absl::StrFormat("%s[\"%s\"]", parent, key);
}

}  // namespace gantry::schema
