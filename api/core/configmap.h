#pragma once
#include <map>
#include <optional>
#include <string>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::core {

// v1 ConfigMap: values that are no secret.
struct ConfigMap {
  std::string api_version = "v1";
  std::string kind = "ConfigMap";
  meta::ObjectMeta metadata;
  std::map<std::string, std::string> data;
  std::map<std::string, std::string> binary_data;  // base64
  std::optional<bool> immutable;
};

schema::TypeInfo describe(schema::Type<ConfigMap>);
meta::Kind config_map_kind();

}  // namespace gantry::api::core
