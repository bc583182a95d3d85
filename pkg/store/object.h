#pragma once
// Making Object from what is stored, and back.
#include <string>

#include "pkg/store/backend.h"

namespace gantry::store {

// The object with metadata.resourceVersion set to `revision`, and its record.
ObjectPtr make_object(Key key, Uid uid, int64_t revision, Json value);

// What a backend keeps: the object's JSON without resourceVersion.
std::string stored_text(Json value);

// metadata.<name> as text; empty when missing.
std::string metadata_text(const Json& object, std::string_view name);

// metadata.finalizers; empty when missing.
std::vector<std::string> finalizers_of(const Json& object);

}  // namespace gantry::store
