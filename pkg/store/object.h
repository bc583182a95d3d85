#pragma once
// Making Object from what is stored, and back.
#include <string>

#include "pkg/store/backend.h"

namespace gantry::store {

// The object with metadata.resourceVersion set to `revision`, serialised once.
ObjectPtr make_object(Key key, Uid uid, int64_t revision, Json value);

// What a backend keeps: the object's JSON without resourceVersion.
std::string stored_text(Json value);

// Reads a row. Schema when its text is no JSON object: somebody else wrote there.
Result<ObjectPtr> parse_object(const FeedEntry& entry);

// metadata.<name> as text; empty when missing.
std::string metadata_text(const Json& object, std::string_view name);

// metadata.finalizers; empty when missing.
std::vector<std::string> finalizers_of(const Json& object);

}  // namespace gantry::store
