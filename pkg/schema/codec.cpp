#include "pkg/schema/codec.h"

#include "pkg/schema/codec_internal.h"

namespace gantry::schema {

bool is_zero(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::null:
      return true;
    case Json::Kind::boolean:
      return !value.as_bool();
    case Json::Kind::integer:
      return value.as_integer() == 0;
    case Json::Kind::real:
      return value.as_double() == 0;
    case Json::Kind::string:
      return value.as_string().empty();
    case Json::Kind::array:
    case Json::Kind::object:
      return value.size() == 0;
  }
  return false;
}

namespace {

// What is asked of the writer beside the value.
enum class Zeros { as_declared, never };

Json write_value(const TypeInfo& type, const void* value, Zeros zeros);

// True when a reader that finds nothing would come to the same value.
bool may_be_left_out(const TypeInfo& type, const Field& field, const Json& value, Zeros zeros) {
  if (field.required || !is_zero(value)) return false;
  if (field.always && zeros == Zeros::as_declared) return false;
  return is_zero(write_value(*field.type(), field.get(type.defaults()), Zeros::never));
}

Json write_object(const TypeInfo& type, const void* object, Zeros zeros) {
  Json result = Json::object();
  for (const auto& field : type.fields) {
    const void* member = field.get(object);
    if (member == nullptr) continue;
    Json value = write_value(*field.type(), member, zeros);
    if (!field.optional && may_be_left_out(type, field, value, zeros)) continue;
    result.set(field.name, std::move(value));
  }
  return result;
}

Json write_value(const TypeInfo& type, const void* value, Zeros zeros) {
  switch (type.kind) {
    case Kind::object:
      return write_object(type, value, zeros);
    case Kind::list: {
      Json list = Json::array();
      for (size_t i = 0; i < type.size(value); ++i) {
        list.push_back(write_value(*type.element(), type.at(value, i), zeros));
      }
      return list;
    }
    case Kind::map: {
      Json map = Json::object();
      for (const auto& key : type.keys(value)) {
        map.set(key, write_value(*type.element(), type.find(value, key), zeros));
      }
      return map;
    }
    default:
      return type.read(value);
  }
}

}  // namespace

Json write(const TypeInfo& type, const void* object) {
  return write_value(type, object, Zeros::as_declared);
}

Json default_of(const TypeInfo& type, const Field& field) {
  const void* member = field.get(type.defaults());
  if (field.required || member == nullptr) return {};
  return write_value(*field.type(), member, Zeros::never);
}

}  // namespace gantry::schema
