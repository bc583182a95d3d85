// The written form of a FieldSet.
#include "pkg/schema/fields/field_set.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

constexpr int kDepthMax = 40;

bool is_element(std::string_view text) {
  return text.starts_with("f:") || text.starts_with("k:") || text.starts_with("v:") ||
         text.starts_with("i:");
}

// Keys and values are JSON; their text is made canonical, so that equal elements are equal.
Result<std::string> canonical(const std::string& element) {
  if (!is_element(element)) return invalid("\"%s\" is no field element", element);
  if (element.starts_with("f:")) return element;
  const auto value = parse_json(std::string_view(element).substr(2));
  const bool right = value.ok() && (!element.starts_with("k:") || value->is_object()) &&
                     (!element.starts_with("i:") || value->is_integer());
  if (!right) return invalid("\"%s\" is no field element", element);
  return element.substr(0, 2) + to_json(*value);
}

Result<FieldSet> parse_tree(const Json& json, int depth) {
  if (!json.is_object())
    return invalid("a set of fields is an object, not %s", std::string(to_string(json.kind())));
  if (depth > kDepthMax) return invalid("a set of fields is at most %d levels deep", kDepthMax);
  FieldSet set;
  for (const auto& [key, child] : json.as_object()) {
    if (key == ".") {
      set.member = true;
      continue;
    }
    GANTRY_TRY_ASSIGN(const auto element, canonical(key));
    GANTRY_TRY_ASSIGN(auto below, parse_tree(child, depth + 1));
    if (below.empty()) below.member = true;  // a leaf: {"f:image": {}}
    set.below[element] = std::move(below);
  }
  return set;
}

}  // namespace

Json to_fields_v1(const FieldSet& set) {
  Json tree = Json::object();
  if (set.member && !set.below.empty()) tree.set(".", Json::object());
  for (const auto& [element, child] : set.below) tree.set(element, to_fields_v1(child));
  return tree;
}

Result<FieldSet> parse_fields_v1(const Json& json) {
  return parse_tree(json, 0);
}

}  // namespace gantry::schema
