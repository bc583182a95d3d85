#pragma once
// Walkers over objects as Json, for those who know a kind only by its TypeInfo.
#include "pkg/schema/schema.h"

namespace gantry::schema {

// Everything that is wrong with an object that a person sent: shape, constraints, rules.
Problems validate(const TypeInfo& type, const Json& object);

// Fills in the defaults of all fields that are missing and have one, but for those of the elements
// of lists: what the API stores. Changes nothing that was given; passes over what has the wrong
// type.
void fill_defaults(const TypeInfo& type, Json& object);

// What an update changes although it may not: fields declared immutable.
Problems check_immutable(const TypeInfo& type, const Json& before, const Json& after);

// Replaces every secret value by "<redacted>", also in annotations that repeat the object
// (kubectl.kubernetes.io/last-applied-configuration). For logs, diagnosis bundles and `describe`.
void redact(const TypeInfo& type, Json& object);

}  // namespace gantry::schema
