#pragma once
// Which fields an object has, what changed between two, and the merge and pruning of server-side
// apply. The rules are structured-merge-diff's (sigs.k8s.io/structured-merge-diff, typed/).
#include "pkg/schema/fields/field_set.h"
#include "pkg/schema/fields/slot.h"

namespace gantry::schema {

// The fields that `value` sets. A declared object counts by its fields only; a map's keys and a
// list's elements count themselves too. O(size).
FieldSet fields_of(Slot slot, const Json& value);

// What `after` has that `before` has not, has otherwise, or no longer has. Containers that come or
// go are named themselves, besides what is in them.
struct Comparison {
  FieldSet added, modified, removed;
};
Comparison compare(Slot slot, const Json& before, const Json& after);

// `live` with all that `config` says: objects and keyed lists merge, everything else is replaced.
// Elements of lists come in the order of `config`, those it does not name stay where they are.
Json merge_config(Slot slot, const Json& live, const Json& config);

// Removes what is in `given_up` and in nobody's hands (`owned`). A list's element or a map's key
// goes with all below it that nobody owns; a declared object only once nothing is left in it.
void prune(Slot slot, Json& value, const FieldSet& given_up, const FieldSet& owned);

// The first element of a keyed list or set in `value` that lacks its key or is there twice:
// "spec.ports[1]: …". OK when there is none. Such a list cannot be shared.
Status check_elements(Slot slot, const Json& value, const std::string& path);

}  // namespace gantry::schema
