#pragma once
// Problem: one thing that is wrong with an object somebody sent.
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/status.h"

namespace gantry::schema {

struct Format;

// The machine-readable causes of a Kubernetes 422 answer (metav1.StatusCause.reason), and `unknown`
// for a field that the type does not have.
enum class Reason {
  required,       // FieldValueRequired
  invalid,        // FieldValueInvalid
  type_invalid,   // FieldValueTypeInvalid
  not_supported,  // FieldValueNotSupported: none of the values of an enumeration
  duplicate,      // FieldValueDuplicate
  forbidden,      // FieldValueForbidden: may not be set, or not be changed
  unknown,        // FieldValueUnknown
};
std::string_view to_string(Reason reason);

// `path` is as kubectl prints it ("spec.ports[1].port"), empty for the object itself. `message`
// says what would be right ("must be between 1 and 65535, not 70000") without naming the path.
struct Problem {
  std::string path;
  Reason reason = Reason::invalid;
  std::string message;
  const Format* format = nullptr;  // the one that the text or the name in a map does not have
  std::string_view code = {};      // of the failure catalogue, where whoever found it knows one
  bool operator==(const Problem&) const = default;
};
using Problems = std::vector<Problem>;

// "spec.ports[1].port: must be between 1 and 65535, not 70000"
std::string to_string(const Problem& problem);
// OK when there are none, else kInvalid with all of them, joined by "; ".
Status to_status(const Problems& problems);

// "spec" + "ports" → "spec.ports"; either may be empty, and "[1]" is appended without a dot.
std::string join_path(std::string_view parent, std::string_view child);
std::string index_path(std::string_view parent, size_t index);
// A member of a map: plain names as fields, others as ["a.b/c"].
std::string key_path(std::string_view parent, std::string_view key);

}  // namespace gantry::schema
