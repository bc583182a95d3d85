#pragma once
// What a write does to an object: pure functions from the stored state and the request to the next
// state, after the Kubernetes API conventions.
#include "pkg/base/random.h"
#include "pkg/store/store.h"

namespace gantry::store {

// The texts that Kubernetes clients know, each with its class.
Status object_not_found(const Key& key);
Status object_exists(const Key& key);
Status object_modified(const Key& key);  // Conflict

// Which object this is; `name` may be empty when generateName is given.
Key key_of(const Resource& resource, const Json& object);

// A name from metadata.generateName: at most 58 characters of it and five random ones.
std::string generated_name(const std::string& prefix, Random& random);

// A new object called key.name. uid, creationTimestamp, generation and resourceVersion in `object`
// are not looked at; a resourceVersion that is set is refused.
Result<Json> prepare_create(const Key& key, Json object, const Uid& uid, Time now);

// The state that follows.
struct Next {
  Json value;           // resourceVersion as in the current state
  bool changed = true;  // false: nothing to write
  bool erased = false;  // the object goes; value is its last state
};

// Conflict when `object` names another resourceVersion or uid; Invalid for broken metadata and for
// finalizers that are added during deletion.
Result<Next> prepare_update(const Object& current, Part part, Json object);

// Conflict when the precondition does not hold.
Result<Next> prepare_remove(const Object& current, const Removal& removal, Time now);

}  // namespace gantry::store
