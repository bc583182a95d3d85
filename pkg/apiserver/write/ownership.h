#pragma once
// Ownership: who set which field, kept with every write (metadata.managedFields). Pure; the rules
// are those of k8s.io/apimachinery/pkg/util/managedfields.
#include "pkg/schema/fields/managed_fields.h"
#include "pkg/schema/schema.h"

namespace gantry::apiserver {

// Of the many that only update an object the oldest are counted as one beyond this.
inline constexpr size_t kUpdateManagersMax = 10;
inline constexpr std::string_view kAncientChanges = "ancient-changes";

// What an object says; nobody when it says nothing that can be read.
schema::ManagedFields managed_fields_of(const Json& object);
// An empty list when there are none, which the store takes for "no more", unlike an absent one.
void set_managed_fields(Json& object, const schema::ManagedFields& entries);
// The fields of an object that somebody can own: not its type, its name and what the server sets.
schema::FieldSet ownable(schema::FieldSet fields);

// The account after `before` became `after` by somebody who just wrote it (PUT, PATCH, POST; then
// `before` is empty): what was added or changed is his, what went is nobody's. `manager` names who
// and when; entries whose fields stay the same keep their time. `after` must not hold
// managedFields itself.
schema::ManagedFields track_update(const schema::TypeInfo& type, schema::ManagedFields entries,
                                   const Json& before, const Json& after,
                                   schema::ManagedEntry manager);

// As a client gave it with its object: the entries of `given`, or those of `current` when it gave
// none, or nonsense. A list of one empty entry means: forget everything.
schema::ManagedFields chosen_entries(const Json& current, const Json& given);

}  // namespace gantry::apiserver
