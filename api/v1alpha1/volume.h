#pragma once
// Volume: a disk of its own in a container, for data that outlives what runs there.
#include <optional>
#include <string>
#include <vector>

#include "pkg/schema/schema.h"

namespace gantry::api::v1alpha1 {

struct Volume {
  std::string name;
  std::string path;  // inside the container
  schema::Quantity size;
  std::string storage_selector;  // CEL over storage; empty: any that takes containers' disks
};

// Which part a Machine has when volumes go from one to another: a volume has one owner, and both
// configs say which.
enum class HandoverRole { waits, gives, takes };
struct Handover {
  std::string machine;  // the other one
  HandoverRole role = HandoverRole::waits;
};

// Cross-field rules of a list of volumes; paths below "volumes".
schema::Problems check_volumes(const std::vector<Volume>& volumes);
// What an update of spec.volumes may not do: shrink a volume, move it, take it away.
schema::Problems check_volume_update(const Json& before, const Json& after);

schema::TypeInfo describe(schema::Type<Volume>);
schema::TypeInfo describe(schema::Type<HandoverRole>);
schema::TypeInfo describe(schema::Type<Handover>);

}  // namespace gantry::api::v1alpha1
