#pragma once
// Which field number is which JSON field: kubernetes' generated.proto as tables.
#include <cstdint>
#include <string_view>
#include <vector>

namespace gantry::apiserver::protobuf {

struct Message;

enum class Type {
  text,        // string
  integer,     // int32, int64
  boolean,     //
  message,     // an object
  time,        // metav1.Time {seconds, nanos}: RFC 3339
  micro_time,  // metav1.MicroTime: RFC 3339 with microseconds
  raw_json,    // metav1.FieldsV1 {Raw}: JSON text, which becomes a part of the object
  texts,       // repeated string
  messages,    // repeated object
  text_map,    // map<string, string>
  bytes_map,   // map<string, bytes>: base64
  text_lists,  // map<string, {repeated string}>
};

struct Field {
  uint32_t number;
  std::string_view name;  // in JSON
  Type type = Type::text;
  const Message* message = nullptr;
  // A pointer in Go: zero and "" are values. Others leave zero values out, as `omitempty` does.
  bool pointer = false;
};

struct Message {
  std::vector<Field> fields;
  const Field* find(uint32_t number) const;
};

// The message of a kind, or nullptr when no client sends it as protobuf. metav1.DeleteOptions comes
// under every apiVersion.
const Message* find_message(std::string_view api_version, std::string_view kind);

}  // namespace gantry::apiserver::protobuf
