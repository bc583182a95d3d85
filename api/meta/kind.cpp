#include "api/meta/kind.h"

namespace gantry::api::meta {

std::string Kind::resource() const {
  return group.empty() ? std::string(plural) : std::string(plural) + "." + std::string(group);
}

std::string Kind::api_version() const {
  return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

bool Kind::has_scale() const {
  for (const auto* part : {"spec", "status"}) {
    const auto* field = type()->field(part);
    if (field == nullptr || field->type()->field("replicas") == nullptr) return false;
  }
  return true;
}

}  // namespace gantry::api::meta
