#pragma once
// Record: one stored version of an object, as bytes, with what selectors and lists need of it.
//
// Everything that is served is a piece of `text`: nothing is parsed or serialised to answer a get,
// a list, a watch or a selector. Controllers read Objects, which are decoded from records when
// somebody asks and shared while somebody looks.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/store/backend.h"

namespace gantry::store {

// A piece of Record::text.
struct Piece {
  uint32_t begin = 0;
  uint32_t size = 0;
  std::string_view in(std::string_view text) const { return text.substr(begin, size); }
};

// Shared, never changed, never moved: the views lead into its own text.
struct Record {
  Key key;
  Uid uid;
  int64_t revision = 0;
  std::string text;      // compact JSON, keys sorted, metadata.resourceVersion included
  Piece metadata;        // the value of "metadata"
  Piece managed_fields;  // `"managedFields":[…]` with the comma that goes with it; or none
  std::string_view creation_time;  // metadata.creationTimestamp; empty when missing
  std::vector<std::pair<std::string_view, std::string_view>> labels;
  // What the kind declares as selectable, in its order; empty when missing. As in the text:
  // escapes stay escapes (schema::escaped).
  std::vector<std::string_view> fields;

  // Of the presentation: a row of a table, made when first asked for.
  mutable std::unique_ptr<const std::string> row;
  mutable std::weak_ptr<const Object> decoded;

  Record() = default;
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;
  // The value of a label; data() == nullptr when it is not there.
  std::string_view label(std::string_view name) const;
  // The value of a field that its kind declares ("spec.machineClassName"); empty when missing.
  std::string_view field(std::string_view path) const;
};

// Which paths of a resource's objects become Record::fields ("spec.machineClassName").
using FieldPaths = std::vector<std::string>;
// As the kind declares them; none for resources that nobody serves.
const FieldPaths& field_paths(const Resource& resource);

// From a row of the database, whose text has no resourceVersion. Schema when the text is no JSON
// object: somebody else wrote there.
Result<RecordPtr> make_record(FeedEntry entry);
// The same for a text that schema::to_json() has just written.
RecordPtr make_own_record(Key key, Uid uid, int64_t revision, const std::string& stored_text);

// For an object that is shown but not stored (a dry run): its text is `value` as it is.
RecordPtr make_preview(Key key, const Json& value);

// The record as a value: decoded once for all who look at the same time.
ObjectPtr decode(const RecordPtr& record);
// For those who have the value at hand already; metadata.resourceVersion is set.
ObjectPtr decoded_as(const RecordPtr& record, Json value);

}  // namespace gantry::store
