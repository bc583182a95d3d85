#pragma once
// Comparing typed objects by their declaration.
#include "pkg/schema/schema.h"

namespace gantry::schema {

// Whether the two would be written as the same Json; neither is. A moment counts to the precision
// that it is written with. O(size).
bool is_equal(const TypeInfo& type, const void* one, const void* other);

template <class T>
bool is_equal(const T& one, const T& other) {
  return is_equal(*type_of<T>(), &one, &other);
}

}  // namespace gantry::schema
