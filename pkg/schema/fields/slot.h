#pragma once
// Slot: a place in an object, and what may stand there; how values divide into fields.
#include <optional>
#include <string>
#include <vector>

#include "pkg/schema/schema.h"

namespace gantry::schema {

// How writers share what stands in a slot.
enum class Division {
  leaf,        // nobody owns less than the whole: scalars, and lists without keys
  fields,      // by name, as declared
  keys,        // by the keys of a map (and of objects nobody declared)
  keyed_list,  // by the key of each element: ports by name, conditions by type
  elements,    // by the elements themselves
};

// Cheap to copy. Without a type (an undeclared field, `any`): objects divide by keys, lists do not.
struct Slot {
  const TypeInfo* type = nullptr;
  const Field* field = nullptr;  // as which the value stands in its object; has the list's key

  // What `value` divides into here; a leaf when it has another type than declared.
  Division division(const Json& value) const;
  // The slot of a member, or of a map's value.
  Slot member(std::string_view name) const;
  // Of the elements of a list.
  Slot element() const;
  // Whether `name` is a declared field: then it needs no mention of its own in a FieldSet.
  bool declares(std::string_view name) const;
  // The field that tells the elements of this list apart; empty when none does.
  std::string_view key() const;
  // Which FieldsV1 element `value` is in this keyed list or set. nullopt when it lacks its key.
  std::optional<std::string> element_name(const Json& value) const;
};

// Elements of the union of two orders: `preferred` as it is, and each of the others behind the one
// it follows in `present`. Both hold no duplicates. Kubernetes promises no more for the order in
// which merged lists end up. O(n log n).
std::vector<std::string> merge_orders(const std::vector<std::string>& preferred,
                                      const std::vector<std::string>& present);

}  // namespace gantry::schema
