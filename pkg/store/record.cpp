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

// A place in a text as a number, so that it outlives a change of the text before it.
Piece piece_of(std::string_view text, std::string_view part) {
  if (part.data() == nullptr) return {};
  return {static_cast<uint32_t>(part.data() - text.data()), static_cast<uint32_t>(part.size())};
}

// What a Record knows of its text, and where metadata.resourceVersion belongs among sorted keys.
// One walk finds all of it.
class Outline {
 public:
  Outline(std::string_view text, const FieldPaths& paths, JsonCursor::Check check)
      : text_(text), paths_(paths), cursor_(text, check), fields_(paths.size()) {}

  // False when the text is not as schema::to_json() writes it.
  bool read() {
    const bool read = cursor_.members([&](std::string_view key) {
      if (key == "metadata" && cursor_.at_object()) return metadata();
      return field("", key);
    });
    return read && cursor_.at_end();
  }

  // False when there is no metadata, or a resourceVersion is there already.
  bool lacks_version() const { return metadata_.size > 0 && !has_version_; }

  // `text` is the one that was read, with `added` bytes at version_place().
  void write_into(Record& record, size_t added) const {
    const auto moved = [&](Piece piece) {
      if (piece.begin >= version_place_) piece.begin += static_cast<uint32_t>(added);
      return piece;
    };
    const std::string_view text = record.text;
    const auto view = [&](Piece piece) { return moved(piece).in(text); };
    record.metadata = metadata_;
    record.metadata.size += static_cast<uint32_t>(added);
    if (managed_fields_.size > 0) record.managed_fields = with_comma(moved(managed_fields_), text);
    record.creation_time = view(creation_time_);
    for (const auto& [key, value] : labels_) record.labels.emplace_back(view(key), view(value));
    for (const auto& piece : fields_) record.fields.push_back(view(piece));
  }

  size_t version_place() const { return version_place_; }

  // `"resourceVersion":"7"` with the comma that goes with it there.
  std::string version_text(int64_t revision) const {
    auto version = "\"resourceVersion\":\"" + std::to_string(revision) + "\"";
    if (text_[version_place_] == '"') return version + ',';
    return metadata_.size > 2 ? ',' + version : version;
  }

 private:
  bool metadata() {
    const auto begin = cursor_.at();
    std::optional<size_t> place;
    const bool read = cursor_.members([&](std::string_view key) {
      const auto key_begin = piece_of(text_, key).begin - 1;
      has_version_ = has_version_ || key == "resourceVersion";
      if (!place && key > "resourceVersion") place = key_begin;
      if (key == "labels" && cursor_.at_object()) return labels();
      const auto value = cursor_.value();
      if (!value) return false;
      if (key == "creationTimestamp") creation_time_ = piece_of(text_, unquoted(*value));
      if (key == "managedFields") managed_fields_ = piece(key_begin);
      return true;
    });
    metadata_ = piece(begin);
    version_place_ = place.value_or(cursor_.at() - 1);
    return read;
  }

  bool labels() {
    return cursor_.members([&](std::string_view key) {
      const auto value = cursor_.value();
      if (value) labels_.emplace_back(piece_of(text_, key), piece_of(text_, unquoted(*value)));
      return value.has_value();
    });
  }

  // A member that is on the way to declared fields, or not. `before`: where it stands, with a dot.
  bool field(std::string_view before, std::string_view key) {
    const auto wanted = std::ranges::find_if(paths_, [&](std::string_view path) {
      if (!path.starts_with(before)) return false;
      path.remove_prefix(before.size());
      return path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
    });
    if (wanted == paths_.end()) return cursor_.value().has_value();
    const auto length = before.size() + key.size();
    if (wanted->size() == length) {
      const auto value = cursor_.value();
      if (value) {
        fields_[static_cast<size_t>(wanted - paths_.begin())] = piece_of(text_, unquoted(*value));
      }
      return value.has_value();
    }
    if (!cursor_.at_object()) return cursor_.value().has_value();
    const auto here = std::string_view(*wanted).substr(0, length + 1);
    return cursor_.members([&](std::string_view member) { return field(here, member); });
  }

  // From there to the cursor.
  Piece piece(size_t begin) const {
    return {static_cast<uint32_t>(begin), static_cast<uint32_t>(cursor_.at() - begin)};
  }

  // What is cut out with managedFields: the comma behind it, or else the one before.
  static Piece with_comma(Piece managed, std::string_view text) {
    if (text[managed.begin + managed.size] == ',') {
      ++managed.size;
    } else if (text[managed.begin - 1] == ',') {
      --managed.begin;
      ++managed.size;
    }
    return managed;
  }

  std::string_view text_;
  const FieldPaths& paths_;
  JsonCursor cursor_;
  Piece metadata_, managed_fields_, creation_time_;
  std::vector<std::pair<Piece, Piece>> labels_;
  std::vector<Piece> fields_;
  size_t version_place_ = 0;
  bool has_version_ = false;
};

// The text of the row with its revision in it, and what is known of it.
RecordPtr put_together(FeedEntry& entry, const Outline& outline) {
  auto record = std::make_shared<Record>();
  const auto version = outline.version_text(entry.revision);
  record->text.reserve(entry.text.size() + version.size());
  record->text.append(entry.text, 0, outline.version_place());
  record->text.append(version).append(entry.text, outline.version_place());
  outline.write_into(*record, version.size());
  record->key = std::move(entry.key);
  record->uid = std::move(entry.uid);
  record->revision = entry.revision;
  return record;
}

}  // namespace

std::string_view Record::label(std::string_view name) const {
  for (const auto& [key_of_label, value] : labels)
    if (key_of_label == name) return value.data() == nullptr ? std::string_view("") : value;
  return {};
}

std::string_view Record::field(std::string_view path) const {
  const auto& paths = field_paths(key.resource);
  const auto found = std::ranges::find(paths, path);
  const auto at = static_cast<size_t>(found - paths.begin());
  return at < fields.size() ? fields[at] : std::string_view();
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
  const auto& paths = field_paths(entry.key.resource);
  Outline outline(entry.text, paths, JsonCursor::Check::all);
  if (outline.read() && outline.lacks_version()) return put_together(entry, outline);
  // Somebody else wrote this row: read it with care, and keep it in our own words.
  auto value = schema::parse_json(entry.text);
  const bool is_whole = value.ok() && value->is_object();
  auto* metadata = is_whole ? &value->member("metadata") : nullptr;
  if (metadata == nullptr || !(metadata->is_object() || metadata->is_null()))
    return error(ErrorClass::schema, "%s at revision %d is no JSON object with metadata: %s",
                 to_string(entry.key), entry.revision, message_of(value.status()));
  if (metadata->is_null()) *metadata = Json::object();
  metadata->erase("resourceVersion");
  entry.text = schema::to_json(*value);
  Outline rewritten(entry.text, paths, JsonCursor::Check::shape);
  GANTRY_CHECK(rewritten.read());
  return put_together(entry, rewritten);
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
  Outline outline(record->text, field_paths(record->key.resource), JsonCursor::Check::shape);
  GANTRY_CHECK(outline.read());
  outline.write_into(*record, 0);
  return record;
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
  // Not make_shared: the record's weak reference would keep the whole object's room.
  const ObjectPtr object(
      new Object{record->key, record->uid, record->revision, std::move(value), record});
  record->decoded = object;
  return object;
}

}  // namespace gantry::store
