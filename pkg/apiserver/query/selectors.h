#pragma once
// Label and field selectors, as Kubernetes writes them in a query.
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::apiserver {

// "app=web,tier!=db,env in (a,b),!old": every requirement must hold.
class LabelSelector {
 public:
  // kInvalid with what could not be read.
  static Result<LabelSelector> parse(std::string_view text);
  // `object` is a whole API object.
  bool matches(const Json& object) const;
  bool empty() const { return requirements_.empty(); }

 private:
  enum class Operator { in, not_in, exists, absent };
  struct Requirement {
    std::string key;
    Operator op = Operator::exists;
    std::vector<std::string> values;
  };
  static Result<Requirement> parse_requirement(std::string_view text);
  std::vector<Requirement> requirements_;
};

// "metadata.name=web,involvedObject.kind!=App": = , == and != on fields that the kind declares.
class FieldSelector {
 public:
  // kInvalid "field label not supported: spec.image" for a field that is not in `supported`.
  static Result<FieldSelector> parse(std::string_view text,
                                     const std::vector<std::string>& supported);
  bool matches(const Json& object) const;
  bool empty() const { return requirements_.empty(); }

 private:
  struct Requirement {
    std::vector<std::string> path;
    std::string value;
    bool negated = false;
  };
  std::vector<Requirement> requirements_;
};

// The text of a field by its dotted path; empty when missing, as Kubernetes compares.
std::string field_text(const Json& object, const std::vector<std::string>& path);

}  // namespace gantry::apiserver
