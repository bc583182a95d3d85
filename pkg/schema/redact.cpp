#include "pkg/schema/validate.h"

namespace gantry::schema {
namespace {

constexpr std::string_view kRedacted = "<redacted>";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

void hide(Json& value) {
  if (value.is_object()) {
    for (auto& [key, member] : value.as_object()) hide(member);
  } else if (value.is_array()) {
    for (auto& element : value.as_array()) hide(element);
  } else if (!value.is_null()) {
    value = kRedacted;
  }
}

// Returns whether the type has secrets at all.
bool walk(const TypeInfo& type, Json& value) {
  bool found = false;
  if (type.kind == Kind::list && value.is_array()) {
    for (auto& element : value.as_array()) found |= walk(*type.element(), element);
  } else if (type.kind == Kind::map && value.is_object()) {
    for (auto& [key, member] : value.as_object()) found |= walk(*type.element(), member);
  } else if (type.kind == Kind::object && value.is_object()) {
    for (const auto& field : type.fields) {
      found |= field.secret;
      Json* member = value.find(field.name);
      if (member == nullptr) continue;
      if (field.secret) {
        hide(*member);
      } else {
        found |= walk(*field.type(), *member);
      }
    }
  }
  return found;
}

}  // namespace

void redact(const TypeInfo& type, Json& object) {
  if (!walk(type, object)) return;
  Json* metadata = object.find("metadata");
  Json* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  Json* copy = annotations == nullptr ? nullptr : annotations->find(kLastApplied);
  if (copy != nullptr) hide(*copy);
}

}  // namespace gantry::schema
