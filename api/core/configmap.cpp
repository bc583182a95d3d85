#include "api/core/configmap.h"

#include "api/core/values.h"

namespace gantry::api::core {

using schema::field;
using schema::Keys;
using schema::object;
using schema::Type;
using schema::TypeInfo;
namespace format = schema::format;

TypeInfo describe(Type<ConfigMap>) {
  return object<ConfigMap>(
      "ConfigMap", "Values that anybody may see.",
      {
          field<&ConfigMap::api_version>("apiVersion", "v1."),
          field<&ConfigMap::kind>("kind", "ConfigMap."),
          field<&ConfigMap::metadata>("metadata", "What every object has."),
          field<&ConfigMap::data>("data", "The values, as text.", Keys{format::config_key}),
          field<&ConfigMap::binary_data>("binaryData", "The values that are no text, in base64.",
                                         format::base64, Keys{format::config_key}),
          field<&ConfigMap::immutable>("immutable", "True: data cannot be changed any more."),
      });
}

namespace {

Json count_map_keys(const Json& map) {
  return count_values(map, {"data", "binaryData"});
}

schema::Problems check_map_update(const Json& before, const Json& after) {
  return check_immutable(before, after, {"data", "binaryData"});
}

}  // namespace

meta::Kind config_map_kind() {
  return {.group = "",
          .version = "v1",
          .kind = "ConfigMap",
          .plural = "configmaps",
          .singular = "configmap",
          .short_names = {"cm"},
          .categories = {},
          .namespaced = true,
          .has_status = false,
          .type = &schema::type_of<ConfigMap>,
          .columns = {{"Data", "integer", "How many values it has.", "", 0, &count_map_keys}},
          .check_update = &check_map_update};
}

}  // namespace gantry::api::core
