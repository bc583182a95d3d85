#include "pkg/schema/openapi.h"

#include <absl/strings/str_format.h>

#include "pkg/schema/codec_internal.h"

namespace gantry::schema {
namespace {

Json schema_of(const TypeInfo& type, OpenApi version);

// A number or a text; OpenAPI v2 has no words for a choice.
void set_int_or_string(Json& schema, OpenApi version) {
  if (version == OpenApi::v2) {
    schema.set("type", "string");
    schema.set("format", "int-or-string");
    return;
  }
  Json integer, text;
  integer.set("type", "integer");
  text.set("type", "string");
  schema.set("anyOf", Json::Array{integer, text});
  schema.set("x-kubernetes-int-or-string", true);
}

void set_type(Json& schema, const TypeInfo& type, OpenApi version) {
  switch (type.kind) {
    case Kind::boolean:
      schema.set("type", "boolean");
      break;
    case Kind::integer:
      schema.set("type", "integer");
      schema.set("format", "int64");
      break;
    case Kind::number:
      schema.set("type", "number");
      schema.set("format", "double");
      break;
    case Kind::string:
      schema.set("type", "string");
      break;
    case Kind::enumeration: {
      schema.set("type", "string");
      Json values = Json::array();
      for (const auto value : type.values) values.push_back(value);
      schema.set("enum", std::move(values));
      break;
    }
    case Kind::time:
      schema.set("type", "string");
      schema.set("format", "date-time");
      break;
    case Kind::quantity:
    case Kind::int_or_string:
      set_int_or_string(schema, version);
      break;
    case Kind::any:
      schema.set("x-kubernetes-preserve-unknown-fields", true);
      break;
    case Kind::list:
      schema.set("type", "array");
      schema.set("items", schema_of(*type.element(), version));
      break;
    case Kind::map:
      schema.set("type", "object");
      schema.set("additionalProperties", schema_of(*type.element(), version));
      break;
    case Kind::object:
      schema.set("type", "object");
      break;
  }
}

void set_bounds(Json& schema, const std::optional<Range>& range, const char* min, const char* max) {
  if (!range) return;
  schema.set(min, range->min);
  if (range->max != std::numeric_limits<int64_t>::max()) schema.set(max, range->max);
}

// Constraints of scalars stand at the element when the field is a list or a map.
void set_scalar_constraints(Json& schema, const Field& field, const TypeInfo& type) {
  if (type.kind == Kind::integer || type.kind == Kind::number) {
    set_bounds(schema, field.range, "minimum", "maximum");
  }
  if (type.kind != Kind::string) return;
  set_bounds(schema, field.length, "minLength", "maxLength");
  if (field.format != nullptr) schema.set("format", field.format->name);
}

// How several writers share a list: by server-side apply (list-type), and by strategic merge patch,
// which kubectl sends when it finds these words, and so can say "unchanged".
void set_list_type(Json& schema, const Field& field) {
  const bool keyed = !field.list_map_key.empty();
  schema.set("x-kubernetes-list-type", keyed ? "map" : field.set ? "set" : "atomic");
  if (!keyed && !field.set) return;
  schema.set("x-kubernetes-patch-strategy", "merge");
  if (!keyed) return;
  schema.set("x-kubernetes-list-map-keys", Json::Array{Json(field.list_map_key)});
  schema.set("x-kubernetes-patch-merge-key", field.list_map_key);
}

std::string description(const Field& field) {
  std::string text(field.doc);
  if (field.type()->kind == Kind::enumeration) text += " " + std::string(field.type()->doc);
  if (field.immutable) text += " Cannot be changed.";
  if (!field.on_change.empty()) text += absl::StrFormat(" A change: %s.", field.on_change);
  if (!field.example.empty()) text += absl::StrFormat(" Example: %s", field.example);
  return text;
}

Json schema_of_field(const TypeInfo& owner, const Field& field, OpenApi version) {
  const TypeInfo& type = *field.type();
  Json schema = schema_of(type, version);
  schema.set("description", description(field));
  if (type.kind == Kind::list) {
    set_bounds(schema, field.items, "minItems", "maxItems");
    set_list_type(schema, field);
    set_scalar_constraints(schema.member("items"), field, *type.element());
  } else if (type.kind == Kind::map) {
    set_scalar_constraints(schema.member("additionalProperties"), field, *type.element());
  } else {
    set_scalar_constraints(schema, field, type);
  }
  Json value = default_of(owner, field);
  if (!is_zero(value)) schema.set("default", std::move(value));
  return schema;
}

Json schema_of(const TypeInfo& type, OpenApi version) {
  Json schema = Json::object();
  set_type(schema, type, version);
  if (!type.doc.empty()) schema.set("description", type.doc);
  if (type.kind != Kind::object) return schema;
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& field : type.fields) {
    properties.set(field.name, schema_of_field(type, field, version));
    if (field.required) required.push_back(field.name);
  }
  schema.set("properties", std::move(properties));
  if (required.size() > 0) schema.set("required", std::move(required));
  return schema;
}

}  // namespace

Json openapi(const TypeInfo& type, OpenApi version) {
  return schema_of(type, version);
}

}  // namespace gantry::schema
