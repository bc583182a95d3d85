#pragma once
// The API schema of a version: what each call takes, needs and refuses. Read from schema.txt, which
// schema.py writes.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/lab/pattern.h"

namespace gantry::lab {

enum class PveVersion;

struct Parameter {
  enum class Type { string, integer, number, boolean };
  std::string name;  // "net[n]" stands for net0, net1 …
  Type type = Type::string;
  bool optional = false;
  bool is_default = false;  // in a property string: may stand without "name="
  std::string format;
  std::string companion;  // must be there, too
  std::vector<std::string> choices;
  std::optional<Pattern> pattern;
  std::optional<double> minimum, maximum;
  std::optional<size_t> min_length, max_length;
};

// A property string: "name=eth0,bridge=vmbr0,ip=dhcp".
struct PropertyFormat {
  std::vector<Parameter> properties;
  const Parameter* find(std::string_view name) const;
};

struct Permission {
  std::string path;  // "/vms/{vmid}"; empty: everybody, or the handler checks
  std::vector<std::string> privileges;
  bool any = false;
};

struct CallSchema {
  std::map<std::string, Parameter, std::less<>> parameters;
  Permission permission;
  bool is_protected = false;  // done by pvedaemon, not by pveproxy itself
  // Also "net3" for "net[n]".
  const Parameter* find(std::string_view name) const;
};

struct ApiSchema {
  std::map<std::string, CallSchema> calls;  // "GET /nodes/{node}/lxc"
  std::map<std::string, PropertyFormat, std::less<>> formats;
};
const ApiSchema& api_schema(PveVersion version);

extern const char* const kSchemaText;

}  // namespace gantry::lab
