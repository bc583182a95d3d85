#pragma once
// JSON text in and out (RapidJSON), and YAML text in (yaml-cpp).
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::schema {

// Parses one JSON document. kInvalid with "line 3, column 7: …" when it is none, when a key is
// given twice, when it nests deeper than 200, or when text follows it. Integers beyond 64 bits
// become doubles.
Result<Json> parse_json(std::string_view text);

// Compact, keys sorted, no trailing newline; strings are valid UTF-8 (others are replaced by
// U+FFFD).
std::string to_json(const Json& value);
// The same, indented by two spaces.
std::string to_pretty_json(const Json& value);

// One document of a YAML stream and where it began.
struct YamlDocument {
  Json value;
  int line = 1;
};
// Parses a stream of YAML documents (JSON is YAML). Empty documents are left out. Scalars follow
// YAML 1.2's core schema as Kubernetes' parser reads them (quoted scalars are strings; yes/no are
// strings). kInvalid with "line 3, column 7: …"; also for duplicate keys, unknown tags, merge keys
// that are no maps, and alias bombs.
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text);

// YAML in block style, keys in the order of Kubernetes' tools (apiVersion, kind, metadata, then
// sorted). Strings that would read back as something else are quoted.
std::string to_yaml(const Json& value);

}  // namespace gantry::schema
