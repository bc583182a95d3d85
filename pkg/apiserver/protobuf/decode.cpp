#include "pkg/apiserver/protobuf/decode.h"

#include "pkg/apiserver/protobuf/messages.h"
#include "pkg/apiserver/protobuf/wire.h"
#include "pkg/base/text.h"
#include "pkg/base/time.h"
#include "pkg/schema/json.h"
#include "pkg/schema/utf8.h"

namespace gantry::apiserver::protobuf {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);
// What 64-bit nanoseconds hold: 1678 … 2261.
constexpr int64_t kSecondsMax = 9'200'000'000;

Status wrong(const RawField& at, const std::string& path, const std::string& what) {
  return invalid("byte %d: %s: %s", at.offset, path, what);
}

Status expect(const RawField& field, Wire wire, const std::string& path) {
  if (field.wire == wire) return {};
  return wrong(field, path, wire == Wire::bytes ? "must have a length" : "must be a number");
}

Result<Json> text_of(const RawField& field, const std::string& path) {
  GANTRY_TRY(expect(field, Wire::bytes, path));
  if (!schema::is_utf8(field.bytes)) return wrong(field, path, "is no UTF-8");
  return Json(field.bytes);
}

// Calls `on_field` for every field of the message in `outer`.
template <class OnField>
Status each(const RawField& outer, const std::string& path, OnField on_field) {
  GANTRY_TRY(expect(outer, Wire::bytes, path));
  Reader reader(outer.bytes, outer.content);
  while (!reader.at_end()) {
    GANTRY_TRY_ASSIGN(const auto field, reader.next());
    GANTRY_TRY(on_field(field));
  }
  return {};
}

// {1: seconds, 2: nanos}; null for an empty message, which is Go's zero time.
Result<Json> time_of(const RawField& outer, const std::string& path, bool micro) {
  int64_t seconds = 0;
  int64_t nanos = 0;
  GANTRY_TRY(each(outer, path, [&](const RawField& field) -> Status {
    if (field.number > 2) return {};
    GANTRY_TRY(expect(field, Wire::varint, path));
    (field.number == 1 ? seconds : nanos) = static_cast<int64_t>(field.varint);
    return {};
  }));
  if (outer.bytes.empty()) return Json();
  if (seconds < -kSecondsMax || seconds > kSecondsMax || nanos < 0 || nanos > 999'999'999)
    return wrong(outer, path, "is out of range");
  const Time time = from_unix_seconds(seconds) + Duration(nanos);
  return Json(micro ? to_rfc3339_micro(time) : to_rfc3339(time));
}

Result<Json> raw_json_of(const RawField& outer, const std::string& path) {
  Json value;
  GANTRY_TRY(each(outer, path, [&](const RawField& field) -> Status {
    if (field.number != 1) return {};
    GANTRY_TRY(expect(field, Wire::bytes, path));
    auto parsed = schema::parse_json(field.bytes);
    if (!parsed.ok()) return wrong(field, path, message_of(parsed.status()));
    value = *std::move(parsed);
    return {};
  }));
  return value;
}

Result<Json> texts_of(const RawField& outer, const std::string& path) {
  Json list = Json::array();
  GANTRY_TRY(each(outer, path, [&](const RawField& field) -> Status {
    if (field.number != 1) return {};
    GANTRY_TRY_ASSIGN(auto value, text_of(field, path));
    list.push_back(std::move(value));
    return {};
  }));
  return list;
}

Result<Json> map_value_of(const RawField& field, Type type, const std::string& path) {
  GANTRY_TRY(expect(field, Wire::bytes, path));
  if (type == Type::bytes_map) return Json(base64_encode(field.bytes));
  return type == Type::text_lists ? texts_of(field, path) : text_of(field, path);
}

// An entry {1: key, 2: value}; either may be missing, and then is empty.
Status read_entry(const RawField& outer, Type type, const std::string& path, Json& map) {
  std::string key;
  Json value = type == Type::text_lists ? Json::array() : Json("");
  GANTRY_TRY(each(outer, path, [&](const RawField& field) -> Status {
    if (field.number == 1) {
      GANTRY_TRY_ASSIGN(const auto name, text_of(field, path));
      key = name.as_string();
    } else if (field.number == 2) {
      GANTRY_TRY_ASSIGN(value, map_value_of(field, type, path));
    }
    return {};
  }));
  map.set(key, std::move(value));
  return {};
}

Result<Json> scalar_of(const RawField& raw, const Field& field, const std::string& path) {
  if (field.type == Type::text) return text_of(raw, path);
  GANTRY_TRY(expect(raw, Wire::varint, path));
  if (field.type == Type::boolean) return Json(raw.varint != 0);
  return Json(static_cast<int64_t>(raw.varint));
}

bool is_zero(const Json& value) {
  return value == Json("") || value == Json(0) || value == Json(false);
}

Status read_message(const RawField& outer, const Message& message, const std::string& path,
                    Json& object);

Status read_field(const RawField& raw, const Field& field, const std::string& path, Json& object) {
  switch (field.type) {
    case Type::message:
      if (object.find(field.name) == nullptr) object.set(field.name, Json::object());
      return read_message(raw, *field.message, path, object.member(field.name));
    case Type::messages: {
      Json element = Json::object();
      GANTRY_TRY(read_message(raw, *field.message, path, element));
      object.member(field.name).push_back(std::move(element));
      return {};
    }
    case Type::texts: {
      GANTRY_TRY_ASSIGN(auto value, text_of(raw, path));
      object.member(field.name).push_back(std::move(value));
      return {};
    }
    case Type::text_map:
    case Type::bytes_map:
    case Type::text_lists:
      return read_entry(raw, field.type, path, object.member(field.name));
    case Type::time:
    case Type::micro_time: {
      GANTRY_TRY_ASSIGN(auto value, time_of(raw, path, field.type == Type::micro_time));
      if (!value.is_null()) object.set(field.name, std::move(value));
      return {};
    }
    case Type::raw_json: {
      GANTRY_TRY_ASSIGN(auto value, raw_json_of(raw, path));
      object.set(field.name, std::move(value));
      return {};
    }
    default: {
      GANTRY_TRY_ASSIGN(auto value, scalar_of(raw, field, path));
      if (field.pointer || !is_zero(value)) object.set(field.name, std::move(value));
      return {};
    }
  }
}

// Messages nest as deeply as the tables do.
Status read_message(const RawField& outer, const Message& message, const std::string& path,
                    Json& object) {
  return each(outer, path, [&](const RawField& raw) -> Status {
    const auto* field = message.find(raw.number);
    if (field == nullptr) return {};
    const auto inner = (path.empty() ? "" : path + ".") + std::string(field->name);
    return read_field(raw, *field, inner, object);
  });
}

// runtime.Unknown: {1: {1: apiVersion, 2: kind}, 2: raw, 3: contentEncoding, 4: contentType}.
struct Envelope {
  Json type = Json::object();
  RawField raw;
};

Result<Envelope> open(std::string_view body) {
  static const Message type{{{1, "apiVersion"}, {2, "kind"}}};
  RawField whole;
  whole.wire = Wire::bytes;
  whole.bytes = body.substr(kMagic.size());
  whole.content = kMagic.size();
  Envelope envelope;
  envelope.raw.wire = Wire::bytes;  // an empty object, when there is none
  GANTRY_TRY(each(whole, "body", [&](const RawField& field) -> Status {
    if (field.number == 1) return read_message(field, type, "", envelope.type);
    if (field.number == 2) {
      GANTRY_TRY(expect(field, Wire::bytes, "raw"));
      envelope.raw = field;
    }
    if (field.number == 3 && !field.bytes.empty())
      return wrong(field, "contentEncoding", "must be empty");
    return {};
  }));
  return envelope;
}

}  // namespace

Result<Json> decode(std::string_view body) {
  if (!body.starts_with(kMagic))
    return invalid("byte 0: a body of type %s begins with k8s and a zero byte",
                   std::string(kContentType));
  auto envelope = open(body);
  if (!envelope.ok()) return annotate(envelope.status(), "protobuf");
  const auto api_version = envelope->type.string_or("apiVersion", "");
  const auto kind = envelope->type.string_or("kind", "");
  const auto* message = find_message(api_version, kind);
  if (message == nullptr)
    return error(ErrorClass::unsupported,
                 "%s, Kind=%s is not accepted as protobuf; send application/json or "
                 "application/yaml",
                 api_version, kind);
  Json object = Json::object();
  if (auto status = read_message(envelope->raw, *message, "", object); !status.ok())
    return annotate(std::move(status), "protobuf " + kind);
  object.set("apiVersion", api_version);
  object.set("kind", kind);
  return object;
}

}  // namespace gantry::apiserver::protobuf
