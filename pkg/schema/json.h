#pragma once
// JSON text in and out (RapidJSON), and YAML text in (yaml-cpp).
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::schema {

// How deep values may nest, in JSON and in YAML.
inline constexpr int kJsonDepthMax = 200;

// Parses one JSON document. kInvalid with "line 3, column 7: …" when it is none, when a key is
// given twice, when it nests deeper than 200, or when text follows it. Integers beyond 64 bits
// become doubles.
Result<Json> parse_json(std::string_view text);

// Compact, keys sorted, no trailing newline; strings are valid UTF-8 (others are replaced by
// U+FFFD).
std::string to_json(const Json& value);
// The same, indented by two spaces.
std::string to_pretty_json(const Json& value);

// Where something stands in a text, from 1; columns count characters.
struct Position {
  int line = 1;
  int column = 1;
  bool operator==(const Position&) const = default;
};
// One document of a YAML stream, where it began, and where each value stands, by its path as in
// Problem::path ("spec.ports[1].port"); not of paths longer than 512, nor of more than 100000.
struct YamlDocument {
  Json value;
  int line = 1;
  std::map<std::string, Position> positions;
};
// Where `path` stands; where the nearest thing around it stands when it is missing.
Position position_of(const YamlDocument& document, std::string_view path);

// Parses a stream of YAML documents (JSON is YAML). Empty documents are left out. Plain scalars
// follow YAML 1.2's core schema (yes, no, on and off are strings); keys are strings, whatever they
// look like. kInvalid with "line 3, column 7: …", also for what is no UTF-8, duplicate keys, keys
// that are no scalars, unknown tags, merge keys that are no maps, nesting deeper than 200, numbers
// that JSON does not have, and aliases that multiply the text (more than 1000000 values).
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text);

// YAML in block style, keys in the order of Kubernetes' tools (apiVersion, kind, metadata, then
// sorted). Strings that would read back as something else are quoted.
std::string to_yaml(const Json& value);

}  // namespace gantry::schema
