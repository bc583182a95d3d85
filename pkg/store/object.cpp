#include "pkg/store/object.h"

#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/store/record.h"

namespace gantry::store {

std::string to_string(const Key& key) {
  if (key.ns.empty()) return key.resource + " " + key.name;
  return key.resource + " " + key.ns + "/" + key.name;
}

Status expired(std::string_view what) {
  return error(ErrorClass::held, "expired: %s", std::string(what));
}

bool is_expired(const Status& status) {
  return absl::IsFailedPrecondition(status) && starts_with(message_of(status), "expired");
}

ObjectPtr make_object(Key key, Uid uid, int64_t revision, Json value) {
  const auto record = make_own_record(std::move(key), std::move(uid), revision, stored_text(value));
  return decoded_as(record, std::move(value));
}

std::string stored_text(Json value) {
  if (auto* metadata = value.find("metadata")) metadata->erase("resourceVersion");
  return schema::to_json(value);
}

std::string metadata_text(const Json& object, std::string_view name) {
  const auto* metadata = object.find("metadata");
  return metadata == nullptr ? "" : metadata->string_or(name, "");
}

std::vector<std::string> finalizers_of(const Json& object) {
  std::vector<std::string> names;
  const auto* list = object.find_path({"metadata", "finalizers"});
  if (list == nullptr || !list->is_array()) return names;
  for (const auto& item : list->as_array())
    if (item.is_string()) names.push_back(item.as_string());
  return names;
}

}  // namespace gantry::store
