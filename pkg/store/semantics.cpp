#include "pkg/store/semantics.h"

#include <algorithm>
#include <array>

#include "pkg/base/text.h"
#include "pkg/store/metadata.h"
#include "pkg/store/object.h"

namespace gantry::store {
namespace {

// Kubernetes keeps a generated name within 63 characters, of which 5 are random.
constexpr size_t kGeneratedPrefixMax = 58;
constexpr size_t kGeneratedSuffix = 5;
constexpr std::string_view kManagedFields = "managedFields";

// Fields of metadata that only the store sets.
constexpr std::array<std::string_view, 9> kOwnMetadata{
    "name",       "namespace",         "uid",
    "generation", "creationTimestamp", "resourceVersion",
    "selfLink",   "deletionTimestamp", "deletionGracePeriodSeconds"};

Status cannot_fulfil(const Key& key, const std::string& why) {
  return conflict("Operation cannot be fulfilled on %s \"%s\": %s", key.resource, key.name, why);
}

Status check_uid(const Key& key, const Uid& wanted, const Uid& current) {
  if (wanted == current) return {};
  return cannot_fulfil(key, absl::StrFormat("the UID in the precondition (%s) does not match the "
                                            "UID in record (%s). The object might have been "
                                            "deleted and then recreated",
                                            wanted.get(), current.get()));
}

// What the writer says it has read.
Status check_basis(const Object& current, const Json& object) {
  const auto uid = metadata_text(object, "uid");
  if (!uid.empty()) GANTRY_TRY(check_uid(current.key, Uid(uid), current.uid));
  const auto text = metadata_text(object, "resourceVersion");
  if (text.empty()) return {};
  const auto revision = parse_integer(text);
  if (!revision || *revision <= 0)
    return invalid("metadata.resourceVersion: Invalid value: \"%s\": must be a positive integer",
                   text);
  return *revision == current.revision ? Status() : object_modified(current.key);
}

bool is_deleting(const Json& object) {
  return object.find_path({"metadata", "deletionTimestamp"}) != nullptr;
}

// Everything but metadata, status and the type decides about the generation, as for custom
// resources with a status subresource.
bool same_desire(const Json& left, const Json& right) {
  const auto desire = [](const Json& object) {
    std::vector<const Json::Object::value_type*> members;
    for (const auto& member : object.as_object()) {
      const auto& name = member.first;
      if (name != "metadata" && name != "status" && name != "apiVersion" && name != "kind")
        members.push_back(&member);
    }
    return members;
  };
  return std::ranges::equal(desire(left), desire(right),
                            [](const auto* a, const auto* b) { return *a == *b; });
}

int64_t generation_of(const Json& object) {
  const auto* metadata = object.find("metadata");
  return metadata == nullptr ? 0 : metadata->integer_or("generation", 0);
}

void take_member(Json& target, const Json& source, std::string_view name) {
  const auto* member = source.find(name);
  if (member != nullptr && !member->is_null()) {
    target.set(name, *member);
  } else {
    target.erase(name);
  }
}

Status check_new_finalizers(const Json& current, const Json& next) {
  if (!is_deleting(current)) return {};
  const auto before = finalizers_of(current);
  for (const auto& name : finalizers_of(next))
    if (std::ranges::find(before, name) == before.end())
      return invalid(
          "metadata.finalizers: Forbidden: no new finalizers can be added if the object "
          "is being deleted, found new finalizer \"%s\"",
          name);
  return {};
}

// Who does not speak of managedFields does not mean to remove them.
void keep_managed_fields(Json& metadata, const Json& current) {
  const auto* given = metadata.find(kManagedFields);
  if (given == nullptr || given->is_null()) take_member(metadata, current, kManagedFields);
}

Json replace_main(const Json& current, Json object) {
  for (const auto name : {"apiVersion", "kind"})
    if (object.find(name) == nullptr) take_member(object, current, name);
  auto& metadata = object.member("metadata");
  for (const auto name : kOwnMetadata) take_member(metadata, *current.find("metadata"), name);
  keep_managed_fields(metadata, *current.find("metadata"));
  return object;
}

void drop_empty_metadata(Json& object) {
  auto* metadata = object.find("metadata");
  for (const auto name :
       {"labels", "annotations", "finalizers", "ownerReferences", "managedFields"}) {
    const auto* member = metadata->find(name);
    if (member != nullptr && (member->is_null() || member->size() == 0)) metadata->erase(name);
  }
}

// The finalizers by which the garbage collector is told what to do with dependents; any other
// wish takes them away.
void set_dependents(Json& object, Dependents dependents) {
  if (dependents == Dependents::unsaid) return;
  Json kept = Json::array();
  for (const auto& name : finalizers_of(object))
    if (name != kForegroundFinalizer && name != kOrphanFinalizer) kept.push_back(name);
  if (dependents == Dependents::foreground) kept.push_back(kForegroundFinalizer);
  if (dependents == Dependents::orphan) kept.push_back(kOrphanFinalizer);
  object.find("metadata")->set("finalizers", std::move(kept));
  drop_empty_metadata(object);
}

}  // namespace

Status object_not_found(const Key& key) {
  return not_found("%s \"%s\" not found", key.resource, key.name);
}

Status object_exists(const Key& key) {
  return already_exists("%s \"%s\" already exists", key.resource, key.name);
}

Status object_modified(const Key& key) {
  return cannot_fulfil(key,
                       "the object has been modified; please apply your changes to the latest "
                       "version and try again");
}

Key key_of(const Resource& resource, const Json& object) {
  return Key{resource, metadata_text(object, "namespace"), metadata_text(object, "name")};
}

std::string generated_name(const std::string& prefix, Random& random) {
  return prefix.substr(0, kGeneratedPrefixMax) + random.suffix(kGeneratedSuffix);
}

Result<Json> prepare_create(const Key& key, Json object, const Uid& uid, Time now) {
  GANTRY_TRY(check_metadata(key, object));
  if (!metadata_text(object, "resourceVersion").empty())
    return invalid("metadata.resourceVersion: Forbidden: must not be set on objects to be created");
  auto& metadata = *object.find("metadata");
  for (const auto name : kOwnMetadata) metadata.erase(name);
  metadata.set("name", key.name);
  if (!key.ns.empty()) metadata.set("namespace", key.ns);
  metadata.set("uid", uid.get());
  metadata.set("creationTimestamp", to_rfc3339(now));
  metadata.set("generation", int64_t{1});
  drop_empty_metadata(object);
  return object;
}

Result<Next> prepare_update(const Object& current, Part part, Json object) {
  if (!object.is_object())
    return invalid("an object is needed, not %s", std::string(to_string(object.kind())));
  GANTRY_TRY(check_basis(current, object));
  Next next;
  if (part == Part::status) {
    next.value = current.value;
    take_member(next.value, object, "status");
    if (const auto* given = object.find_path({"metadata", kManagedFields})) {
      next.value.find("metadata")->set(kManagedFields, *given);
      drop_empty_metadata(next.value);
    }
    next.changed = next.value != current.value;
    return next;
  }
  next.value = replace_main(current.value, std::move(object));
  if (part == Part::main) take_member(next.value, current.value, "status");
  GANTRY_TRY(check_metadata(current.key, next.value));
  GANTRY_TRY(check_new_finalizers(current.value, next.value));
  drop_empty_metadata(next.value);
  if (!same_desire(current.value, next.value))
    next.value.find("metadata")->set("generation", generation_of(current.value) + 1);
  next.changed = next.value != current.value;
  next.erased = is_deleting(current.value) && finalizers_of(next.value).empty();
  return next;
}

Result<Next> prepare_remove(const Object& current, const Removal& removal, Time now) {
  const auto& [uid, revision] = removal.precondition;
  if (uid) GANTRY_TRY(check_uid(current.key, *uid, current.uid));
  if (revision && *revision != current.revision)
    return cannot_fulfil(
        current.key, absl::StrFormat("the ResourceVersion in the precondition (%d) does not match "
                                     "the ResourceVersion in record (%d). The object might have "
                                     "been modified",
                                     *revision, current.revision));
  Next next;
  next.value = current.value;
  set_dependents(next.value, removal.dependents);
  if (finalizers_of(next.value).empty()) {
    next.erased = true;
    return next;
  }
  if (!is_deleting(current.value)) {
    auto& metadata = *next.value.find("metadata");
    metadata.set("deletionTimestamp", to_rfc3339(now));
    metadata.set("deletionGracePeriodSeconds", int64_t{0});
    metadata.set("generation", generation_of(current.value) + 1);
  }
  next.changed = next.value != current.value;
  return next;
}

}  // namespace gantry::store
