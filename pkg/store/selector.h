#pragma once
// Selector: which objects of a collection, by labels and by the fields that their kind declares.
#include <string>
#include <vector>

#include "pkg/store/record.h"

namespace gantry::store {

struct Requirement {
  enum class On { label, field, name, ns };
  enum class Operator { in, not_in, exists, absent, greater, less };  // than a number
  On on = On::label;
  Operator op = Operator::exists;
  std::string label;  // On::label
  size_t field = 0;   // On::field: its place in Record::fields
  // in, not_in; of fields as they stand in the text. For greater and less: one integer.
  std::vector<std::string> values;
};

// Every requirement must hold. A label that is missing is not in any set; a field that is missing
// is empty.
struct Selector {
  std::vector<Requirement> requirements;
  bool empty() const { return requirements.empty(); }
  // O(requirements × labels), without allocating.
  bool matches(const Record& record) const;
};

// Those of `resource` whose declared field `path` is `value`, which has no characters that JSON
// escapes; the index answers.
Selector where_field(const Resource& resource, std::string_view path, std::string value);

}  // namespace gantry::store
