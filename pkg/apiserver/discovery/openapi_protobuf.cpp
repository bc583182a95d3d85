#include "pkg/apiserver/discovery/openapi_protobuf.h"

#include "pkg/apiserver/protobuf/wire.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using protobuf::Writer;

// A message of field number → what to write there, in the order of gnostic's numbers.

std::string any(const Json& value) {
  Writer writer;
  writer.text(2, schema::to_json(value));  // as YAML, which JSON is
  return writer.bytes();
}

std::string named(std::string_view name, std::string_view value) {
  Writer writer;
  writer.text(1, name);
  writer.text(2, value);
  return writer.bytes();
}

// One message around another, as its only field.
std::string wrapped(uint32_t number, std::string_view message) {
  Writer writer;
  writer.text(number, message);
  return writer.bytes();
}

void add_text(Writer& writer, uint32_t number, const Json& from, std::string_view name) {
  if (const auto* value = from.find(name)) writer.text(number, value->as_string());
}
void add_bool(Writer& writer, uint32_t number, const Json& from, std::string_view name) {
  if (from.bool_or(name, false)) writer.number(number, 1);
}
void add_texts(Writer& writer, uint32_t number, const Json& from, std::string_view name) {
  const auto* values = from.find(name);
  if (values == nullptr) return;
  for (const auto& value : values->as_array()) writer.text(number, value.as_string());
}
void add_size(Writer& writer, uint32_t number, const Json& from, std::string_view name) {
  if (const auto* value = from.find(name))
    writer.number(number, static_cast<uint64_t>(value->as_integer()));
}
void add_real(Writer& writer, uint32_t number, const Json& from, std::string_view name) {
  if (const auto* value = from.find(name)) writer.real(number, value->as_double());
}

void add_extensions(Writer& writer, uint32_t number, const Json& from) {
  for (const auto& [name, value] : from.as_object())
    if (name.starts_with("x-")) writer.text(number, named(name, any(value)));
}

std::string schema_message(const Json& schema);

void add_children(Writer& writer, const Json& schema) {
  if (const auto* values = schema.find("enum"))
    for (const auto& value : values->as_array()) writer.text(20, any(value));
  if (const auto* inner = schema.find("additionalProperties"))
    writer.text(21, wrapped(1, schema_message(*inner)));
  if (const auto* type = schema.find("type")) writer.text(22, wrapped(1, type->as_string()));
  if (const auto* items = schema.find("items")) writer.text(23, wrapped(1, schema_message(*items)));
  const auto* properties = schema.find("properties");
  if (properties == nullptr || !properties->is_object()) return;
  Writer list;
  for (const auto& [name, property] : properties->as_object())
    list.text(1, named(name, schema_message(property)));
  writer.text(25, list.bytes());
}

std::string schema_message(const Json& schema) {
  Writer writer;
  add_text(writer, 1, schema, "$ref");
  add_text(writer, 2, schema, "format");
  add_text(writer, 4, schema, "description");
  if (const auto* value = schema.find("default")) writer.text(5, any(*value));
  add_real(writer, 7, schema, "maximum");
  add_real(writer, 9, schema, "minimum");
  add_size(writer, 11, schema, "maxLength");
  add_size(writer, 12, schema, "minLength");
  add_text(writer, 13, schema, "pattern");
  add_size(writer, 14, schema, "maxItems");
  add_size(writer, 15, schema, "minItems");
  add_texts(writer, 19, schema, "required");
  add_children(writer, schema);
  add_extensions(writer, 31, schema);
  return writer.bytes();
}

std::string body_parameter(const Json& parameter) {
  Writer writer;
  add_text(writer, 1, parameter, "description");
  add_text(writer, 2, parameter, "name");
  add_text(writer, 3, parameter, "in");
  add_bool(writer, 4, parameter, "required");
  writer.text(5, schema_message(*parameter.find("schema")));
  return writer.bytes();
}

// QueryParameterSubSchema and PathParameterSubSchema number their types differently.
std::string other_parameter(const Json& parameter, bool query) {
  Writer writer;
  add_bool(writer, 1, parameter, "required");
  add_text(writer, 2, parameter, "in");
  add_text(writer, 3, parameter, "description");
  add_text(writer, 4, parameter, "name");
  add_text(writer, query ? 6 : 5, parameter, "type");
  add_bool(writer, query ? 20 : 19, parameter, "uniqueItems");
  return writer.bytes();
}

std::string parameters_item(const Json& parameter) {
  const auto in = parameter.string_or("in", "");
  if (in == "body") return wrapped(1, wrapped(1, body_parameter(parameter)));
  const bool query = in == "query";
  return wrapped(1, wrapped(2, wrapped(query ? 3 : 4, other_parameter(parameter, query))));
}

std::string responses(const Json& from) {
  Writer writer;
  for (const auto& [code, value] : from.as_object()) {
    Writer response;
    add_text(response, 1, value, "description");
    if (const auto* schema = value.find("schema"))
      response.text(2, wrapped(1, schema_message(*schema)));
    writer.text(1, named(code, wrapped(1, response.bytes())));
  }
  return writer.bytes();
}

void add_parameters(Writer& writer, uint32_t number, const Json& from) {
  const auto* parameters = from.find("parameters");
  if (parameters == nullptr) return;
  for (const auto& parameter : parameters->as_array())
    writer.text(number, parameters_item(parameter));
}

std::string operation(const Json& from) {
  Writer writer;
  add_texts(writer, 6, from, "produces");
  add_texts(writer, 7, from, "consumes");
  add_parameters(writer, 8, from);
  writer.text(9, responses(*from.find("responses")));
  add_extensions(writer, 13, from);
  return writer.bytes();
}

std::string path_item(const Json& from) {
  static constexpr std::pair<uint32_t, std::string_view> kMethods[] = {
      {2, "get"}, {3, "put"}, {4, "post"}, {5, "delete"}, {8, "patch"}};
  Writer writer;
  for (const auto& [number, method] : kMethods)
    if (const auto* found = from.find(method)) writer.text(number, operation(*found));
  add_parameters(writer, 9, from);
  return writer.bytes();
}

}  // namespace

std::string openapi_v2_protobuf(const Json& document) {
  Writer info, paths, definitions, writer;
  add_text(info, 1, *document.find("info"), "title");
  add_text(info, 2, *document.find("info"), "version");
  for (const auto& [path, item] : document.find("paths")->as_object())
    paths.text(2, named(path, path_item(item)));
  for (const auto& [name, schema] : document.find("definitions")->as_object())
    definitions.text(1, named(name, schema_message(schema)));
  add_text(writer, 1, document, "swagger");
  writer.text(2, info.bytes());
  writer.text(8, paths.bytes());
  writer.text(9, definitions.bytes());
  return writer.bytes();
}

}  // namespace gantry::apiserver
