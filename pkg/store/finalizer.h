#pragma once
// Finalizers of controllers: while an object carries one it stays, however often it is deleted.
#include <algorithm>
#include <string>
#include <string_view>

#include "pkg/store/store.h"

namespace gantry::store {

// Whether a decoded object carries it.
template <class T>
bool has_finalizer(const T& object, std::string_view finalizer) {
  const auto& all = object.metadata.finalizers;
  return std::ranges::find(all, finalizer) != all.end();
}

// Sets it, or takes it off; everything else stays as it is. `seen` is the resourceVersion on which
// that was decided, empty when whatever is there now will do: Conflict when it is another one.
// NotFound when the object is gone; errors of Store::update.
Async<Status> set_finalizer(Store& store, Key key, std::string finalizer, bool wanted,
                            std::string seen);

}  // namespace gantry::store
