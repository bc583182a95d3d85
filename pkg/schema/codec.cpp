#include "pkg/schema/codec.h"

#include <algorithm>
#include <unordered_map>

#include "pkg/schema/codec_internal.h"

namespace gantry::schema {

const Json& absent_json() {
  static const Json absent;
  return absent;
}

const Json& member_of(const Json& object, std::string_view name) {
  const Json* member = object.is_object() ? object.find(name) : nullptr;
  return member == nullptr ? absent_json() : *member;
}

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

// A field in the order in which objects are written, by name, and whether it is zero when nobody
// gives it. Reckoned once for a type, which lives for ever.
struct Member {
  const Field* field;
  bool zero_by_default;
};

const std::vector<Member>& members_of(const TypeInfo& type) {
  thread_local std::unordered_map<const TypeInfo*, std::vector<Member>> known;
  const auto found = known.find(&type);
  if (found != known.end()) return found->second;
  std::vector<Member> members;
  for (const auto& field : type.fields) {
    const void* initial = field.get(type.defaults());
    const bool zero =
        initial == nullptr || is_zero(write_value(*field.type(), initial, Zeros::never));
    members.push_back({&field, zero});
  }
  std::ranges::sort(members, {}, [](const Member& member) { return member.field->name; });
  return known[&type] = std::move(members);
}

// True when a reader that finds nothing would come to the same value.
bool may_be_left_out(const Member& member, const Json& value, Zeros zeros) {
  const Field& field = *member.field;
  if (field.optional || field.required || !is_zero(value)) return false;
  if (field.always && zeros == Zeros::as_declared) return false;
  return member.zero_by_default;
}

Json write_object(const TypeInfo& type, const void* object, Zeros zeros) {
  Json result = Json::object();
  for (const auto& each : members_of(type)) {
    const void* member = each.field->get(object);
    if (member == nullptr) continue;
    Json value = write_value(*each.field->type(), member, zeros);
    if (!may_be_left_out(each, value, zeros)) result.set(each.field->name, std::move(value));
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
