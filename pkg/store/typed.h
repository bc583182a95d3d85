#pragma once
// Typed access to the store for controllers, over the schema's codec.
#include <string>
#include <utility>
#include <vector>

#include "pkg/schema/codec.h"
#include "pkg/store/reader.h"
#include "pkg/store/store.h"

namespace gantry::store {

// The object as a T; what T does not know stays in the store. Decoded once for all who ask, as an
// object never changes. Schema, with the object's key, when it is no T.
template <class T>
Result<T> as(const Object& object) {
  if (const auto* kept = std::any_cast<T>(&object.typed)) return *kept;
  auto decoded = schema::decode_stored<T>(object.value);
  if (!decoded.ok()) return annotate(decoded.status(), to_string(object.key));
  object.typed = *decoded;
  return decoded;
}

// NotFound; else as as().
template <class T>
Result<T> get(const Store& store, const Key& key) {
  const auto object = store.get(key);
  if (!object.ok()) return object.status();
  return as<T>(**object);
}

// All of them, by namespace and name. One object that is no T fails the whole list: missing
// information is never an empty answer.
template <class T>
Result<std::vector<T>> list(const Store& store, const Resource& resource, const std::string& ns) {
  std::vector<T> found;
  for (const auto& object : store.list(resource, ns).items) {
    GANTRY_TRY_ASSIGN(auto decoded, as<T>(*object));
    found.push_back(std::move(decoded));
  }
  return found;
}

// Those of them that `concerns` picks by their bytes; the others are not even parsed. O(bytes of
// all) when it searches the text. Errors as list().
template <class T, class Concerns>
Result<std::vector<T>> list_where(Store& store, const Resource& resource, const std::string& ns,
                                  const Concerns& concerns) {
  std::vector<T> found;
  for (const auto& record : store.reader().list({resource, ns, {}}, {}).items) {
    if (!concerns(*record)) continue;
    GANTRY_TRY_ASSIGN(auto decoded, as<T>(*decode(record)));
    found.push_back(std::move(decoded));
  }
  return found;
}

// Replaces .status and nothing else, so that fields of a newer version survive elsewhere. Conflict
// unless object.metadata.resourceVersion is the current one (empty: whatever it is).
template <class T>
Async<Result<ObjectPtr>> update_status(Store& store, Resource resource, const T& object) {
  Json change = Json::object();
  change.set("metadata", schema::encode(object.metadata));
  // A status that says nothing is left out, as in the whole object.
  auto status = schema::encode(object.status);
  if (status.size() > 0) change.set("status", std::move(status));
  return store.update(std::move(resource), Part::status, std::move(change));
}

}  // namespace gantry::store
