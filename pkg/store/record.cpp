#include "pkg/store/record.h"

#include <algorithm>
#include <map>

#include "api/kinds.h"
#include "api/views/views.h"
#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/schema/json_cursor.h"
#include "pkg/store/object.h"

namespace gantry::store {
namespace {

using schema::JsonCursor;

// A string without its quotes; what is no string as it stands; null as nothing.
std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"') return value.substr(1, value.size() - 2);
  return value == "null" ? std::string_view() : value;
}

// Fills in what a Record knows of its text.
class Outline {
 public:
  Outline(Record& record, const FieldPaths& paths) : record_(record), paths_(paths) {
    record.fields.resize(paths.size());
  }

  bool read() {
    JsonCursor cursor(record_.text);
    const bool read = cursor.members([&](std::string_view key) {
      if (key == "metadata" && cursor.at_object()) return metadata(cursor);
      return field(cursor, std::string(key));
    });
    return read && cursor.at_end();
  }

 private:
  Piece piece(size_t begin, size_t end) const {
    return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)};
  }

  bool metadata(JsonCursor& cursor) {
    const auto begin = cursor.at();
    const bool read = cursor.members([&](std::string_view key) {
      if (key == "labels" && cursor.at_object()) return labels(cursor);
      const auto key_begin = static_cast<size_t>(key.data() - record_.text.data()) - 1;
      const auto value = cursor.value();
      if (!value) return false;
      if (key == "creationTimestamp") record_.creation_time = unquoted(*value);
      if (key == "managedFields") record_.managed_fields = piece(key_begin, cursor.at());
      return true;
    });
    record_.metadata = piece(begin, cursor.at());
    take_comma();
    return read;
  }

  // What is cut out with managedFields: the comma behind it, or else the one before.
  void take_comma() {
    auto& managed = record_.managed_fields;
    if (managed.size == 0) return;
    if (record_.text[managed.begin + managed.size] == ',') {
      ++managed.size;
    } else if (record_.text[managed.begin - 1] == ',') {
      --managed.begin;
      ++managed.size;
    }
  }

  bool labels(JsonCursor& cursor) {
    return cursor.members([&](std::string_view key) {
      const auto value = cursor.value();
      if (value) record_.labels.emplace_back(key, unquoted(*value));
      return value.has_value();
    });
  }

  // A value that is on the way to declared fields, or not.
  bool field(JsonCursor& cursor, const std::string& path) {
    const auto wanted = std::ranges::find_if(paths_, [&](const std::string& p) {
      return p == path || (p.size() > path.size() && p[path.size()] == '.' && p.starts_with(path));
    });
    if (wanted == paths_.end()) return cursor.value().has_value();
    if (*wanted == path) {
      const auto value = cursor.value();
      if (value) record_.fields[static_cast<size_t>(wanted - paths_.begin())] = unquoted(*value);
      return value.has_value();
    }
    if (!cursor.at_object()) return cursor.value().has_value();
    return cursor.members(
        [&](std::string_view key) { return field(cursor, path + "." + std::string(key)); });
  }

  Record& record_;
  const FieldPaths& paths_;
};

// Puts metadata.resourceVersion where sorted keys have it. False when the text is not as
// schema::to_json() writes it, or has a resourceVersion already.
bool put_version(std::string& text, int64_t revision) {
  JsonCursor cursor(text, JsonCursor::Check::all);
  std::optional<size_t> place;
  bool empty = true;
  const bool read = cursor.members([&](std::string_view key) {
    if (key != "metadata" || !cursor.at_object()) return cursor.value().has_value();
    const bool metadata = cursor.members([&](std::string_view member) {
      empty = false;
      if (member == "resourceVersion") return false;
      if (!place && member > "resourceVersion")
        place = static_cast<size_t>(member.data() - text.data()) - 1;
      return cursor.value().has_value();
    });
    if (!place) place = cursor.at() - 1;
    return metadata;
  });
  if (!read || !cursor.at_end() || !place) return false;
  auto version = "\"resourceVersion\":\"" + std::to_string(revision) + "\"";
  if (text[*place] == '"')
    version += ',';
  else if (!empty)
    version.insert(0, 1, ',');
  std::string whole;
  whole.reserve(text.size() + version.size());
  whole.append(text, 0, *place).append(version).append(text, *place);
  text = std::move(whole);
  return true;
}

RecordPtr finish(std::shared_ptr<Record> record) {
  // The text has passed all checks or was written just now.
  GANTRY_CHECK(Outline(*record, field_paths(record->key.resource)).read());
  return record;
}

}  // namespace

std::string_view Record::label(std::string_view name) const {
  for (const auto& [key_of_label, value] : labels)
    if (key_of_label == name) return value.data() == nullptr ? std::string_view("") : value;
  return {};
}

const FieldPaths& field_paths(const Resource& resource) {
  static const auto* all = [] {
    auto* paths = new std::map<Resource, FieldPaths>();
    for (const auto& kind : api::all_kinds())
      (*paths)[kind.resource()] = {kind.selectable.begin(), kind.selectable.end()};
    for (const auto& kind : api::views::all_kinds())
      (*paths)[kind.resource()] = {kind.selectable.begin(), kind.selectable.end()};
    return paths;
  }();
  static const FieldPaths none;
  const auto found = all->find(resource);
  return found == all->end() ? none : found->second;
}

Result<RecordPtr> make_record(FeedEntry entry) {
  auto record = std::make_shared<Record>();
  if (!put_version(entry.text, entry.revision)) {
    // Somebody else wrote this row: read it with care, and keep it in our own words.
    auto value = schema::parse_json(entry.text);
    if (!value.ok() || !value->is_object())
      return error(ErrorClass::schema, "%s at revision %d is no JSON object: %s",
                   to_string(entry.key), entry.revision, message_of(value.status()));
    value->member("metadata").set("resourceVersion", std::to_string(entry.revision));
    entry.text = schema::to_json(*value);
  }
  record->key = std::move(entry.key);
  record->uid = std::move(entry.uid);
  record->revision = entry.revision;
  record->text = std::move(entry.text);
  return finish(std::move(record));
}

RecordPtr make_own_record(Key key, Uid uid, int64_t revision, const std::string& stored_text) {
  FeedEntry entry;
  entry.key = std::move(key);
  entry.uid = std::move(uid);
  entry.revision = revision;
  entry.text = stored_text;
  auto record = make_record(std::move(entry));
  GANTRY_CHECK(record.ok());
  return *std::move(record);
}

RecordPtr make_preview(Key key, const Json& value) {
  auto record = std::make_shared<Record>();
  record->key = std::move(key);
  record->text = schema::to_json(value);
  return finish(std::move(record));
}

ObjectPtr decode(const RecordPtr& record) {
  if (auto shared = record->decoded.lock()) return shared;
  auto value = schema::parse_json(record->text);
  GANTRY_CHECK(value.ok());
  return decoded_as(record, *std::move(value));
}

ObjectPtr decoded_as(const RecordPtr& record, Json value) {
  if (auto shared = record->decoded.lock()) return shared;
  value.member("metadata").set("resourceVersion", std::to_string(record->revision));
  auto object = std::make_shared<const Object>(
      Object{record->key, record->uid, record->revision, std::move(value), record});
  record->decoded = object;
  return object;
}

}  // namespace gantry::store
