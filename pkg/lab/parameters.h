#pragma once
// Parameter checks, worded as the real server words them.
// Source: pve-common PVE/JSONSchema.pm (validate, check_prop, the registered formats); the schema
// of pve-manager 9.2 and 8.4.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/lab/call.h"

namespace gantry::lab {

enum class PveVersion;

struct Parameter {
  enum class Type { string, integer, number, boolean };
  std::string name;  // "net[n]" stands for net0, net1 …
  Type type = Type::string;
  bool optional = false;
  bool since_9 = false;
  std::string format;
  std::vector<std::string> choices;
  std::optional<double> minimum, maximum;
  std::optional<size_t> min_length, max_length;
};

class Schema {
 public:
  Schema(std::vector<Parameter> parameters, PveVersion version);
  // All that is wrong at once, as the server says it; nullopt when nothing is.
  Refusal check(const Params& params) const;
  const Parameter* find(std::string_view name) const;

 private:
  std::optional<std::string> check_one(const Parameter& parameter, const Params& params,
                                       const std::string& name) const;
  std::map<std::string, Parameter, std::less<>> parameters_;
  bool modern_;
};

// "METHOD /path/{template}" → its schema.
using SchemaTable = std::map<std::string, Schema>;
SchemaTable make_schema_table(PveVersion version);

// The error of a registered format ("value does not look like …\n"), or nullopt.
std::optional<std::string> check_format(const std::string& format, const std::string& name,
                                        const std::string& value, bool modern);

}  // namespace gantry::lab
