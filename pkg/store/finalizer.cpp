#include "pkg/store/finalizer.h"

namespace gantry::store {

Async<Status> set_finalizer(Store& store, Key key, std::string finalizer, bool wanted,
                            std::string seen) {
  const auto object = store.get(key);
  if (!object.ok()) co_return object.status();
  Json value = (*object)->value;
  Json finalizers = Json::array();
  if (const auto* old = value.find_path({"metadata", "finalizers"}); old && old->is_array()) {
    for (const auto& other : old->as_array())
      if (other != Json(finalizer)) finalizers.push_back(other);
  }
  if (wanted) finalizers.push_back(finalizer);
  value.member("metadata").set("finalizers", std::move(finalizers));
  if (!seen.empty()) value.member("metadata").set("resourceVersion", seen);
  const auto updated = co_await store.update(key.resource, Part::main, std::move(value));
  co_return updated.status();
}

}  // namespace gantry::store
