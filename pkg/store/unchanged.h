#pragma once
// Unchanged: whether a collection is still what it was, at the cost of a look-up.
#include <optional>

#include "pkg/store/reader.h"
#include "pkg/store/store.h"

namespace gantry::store {

// For what is computed from a whole collection and kept until the collection changes. Not
// thread-safe; the store must outlive it.
class Unchanged {
 public:
  Unchanged(Store& store, Resource resource) : store_(store), resource_(std::move(resource)) {}

  // True when nothing in the collection was written since renew(). O(log collections).
  bool holds() const { return seen_ == store_.reader().changed_at(resource_); }
  // Counts from now. Call it before reading the collection.
  void renew() { seen_ = store_.reader().changed_at(resource_); }

 private:
  Store& store_;
  Resource resource_;
  std::optional<int64_t> seen_;
};

}  // namespace gantry::store
