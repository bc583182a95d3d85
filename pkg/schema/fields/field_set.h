#pragma once
// FieldSet: which fields of an object; what server-side apply reckons with.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::schema {

// A tree of FieldsV1 elements. An element is "f:NAME" (a field, or a key of a map), `k:{"name":…}`
// (an element of a list, told by its key), or `v:VALUE` (an element of a set). A value type; no
// node without members below it is kept.
struct FieldSet {
  bool member = false;  // the field itself, not only fields below it
  std::map<std::string, FieldSet, std::less<>> below;

  bool empty() const { return !member && below.empty(); }
  // Members at and below this node. O(size).
  size_t count() const;
  // What is below `element`; nullptr when nothing is.
  const FieldSet* find(std::string_view element) const;
  void insert(const std::vector<std::string>& path);
  bool operator==(const FieldSet& other) const = default;
};

// All O(size of both).
FieldSet unite(FieldSet left, const FieldSet& right);
FieldSet intersect(const FieldSet& left, const FieldSet& right);
// `left` without the members of `right`; what is below such a member stays.
FieldSet subtract(FieldSet left, const FieldSet& right);
// `left` without the members of `right` and all that is below them.
FieldSet subtract_trees(FieldSet left, const FieldSet& right);

// Every member as people read it: `.spec.ports[name="http"].port`, sorted.
std::vector<std::string> paths_of(const FieldSet& set);

// The form of metadata.managedFields[].fieldsV1 (structured-merge-diff's fieldpath/serialize.go).
Json to_fields_v1(const FieldSet& set);
// kInvalid for what is no FieldsV1 tree, naming the element; at most 40 levels deep.
Result<FieldSet> parse_fields_v1(const Json& json);

}  // namespace gantry::schema
