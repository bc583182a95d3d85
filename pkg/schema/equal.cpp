#include "pkg/schema/equal.h"

#include <algorithm>

namespace gantry::schema {
namespace {

bool are_fields_equal(const TypeInfo& type, const void* one, const void* other) {
  return std::ranges::all_of(type.fields, [&](const Field& field) {
    const void *left = field.get(one), *right = field.get(other);
    if (left == nullptr || right == nullptr) return left == right;
    return is_equal(*field.type(), left, right);
  });
}

bool are_lists_equal(const TypeInfo& type, const void* one, const void* other) {
  const size_t size = type.size(one);
  if (size != type.size(other)) return false;
  for (size_t i = 0; i < size; ++i) {
    if (!is_equal(*type.element(), type.at(one, i), type.at(other, i))) return false;
  }
  return true;
}

bool are_maps_equal(const TypeInfo& type, const void* one, const void* other) {
  if (type.size(one) != type.size(other)) return false;
  return std::ranges::all_of(type.keys(one), [&](const std::string& key) {
    const void* right = type.find(other, key);
    return right != nullptr && is_equal(*type.element(), type.find(one, key), right);
  });
}

}  // namespace

bool is_equal(const TypeInfo& type, const void* one, const void* other) {
  switch (type.kind) {
    case Kind::object:
      return are_fields_equal(type, one, other);
    case Kind::list:
      return are_lists_equal(type, one, other);
    case Kind::map:
      return are_maps_equal(type, one, other);
    default:
      return type.read(one) == type.read(other);
  }
}

}  // namespace gantry::schema
