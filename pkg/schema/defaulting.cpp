#include "pkg/schema/codec_internal.h"
#include "pkg/schema/validate.h"

namespace gantry::schema {
namespace {

void fill_object(const TypeInfo& type, Json& object) {
  for (const auto& field : type.fields) {
    const TypeInfo& member = *field.type();
    Json* present = object.find(field.name);
    // Null counts as absent, as it does for Kubernetes' own defaulting.
    if (present != nullptr && !present->is_null()) {
      fill_defaults(member, *present);
    } else if (Json value = default_of(type, field); !is_zero(value)) {
      object.set(field.name, std::move(value));
    }
  }
}

}  // namespace

void fill_defaults(const TypeInfo& type, Json& value) {
  if (type.kind == Kind::object && value.is_object()) fill_object(type, value);
  // Not in the elements of lists: a client whose list replaces the whole stored one (a JSON merge
  // patch, as kubectl apply sends it) would find it changed for ever. They read the same anyway.
  if (type.kind == Kind::map && value.is_object()) {
    for (auto& [key, element] : value.as_object()) fill_defaults(*type.element(), element);
  }
}

}  // namespace gantry::schema
