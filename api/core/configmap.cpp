#include "api/core/configmap.h"

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

Json count_keys(const Json& map) {
  int64_t count = 0;
  for (const auto* name : {"data", "binaryData"}) {
    const Json* data = map.find(name);
    if (data != nullptr) count += static_cast<int64_t>(data->size());
  }
  return count;
}

schema::Problems check_update(const Json& before, const Json& after) {
  if (!before.bool_or("immutable", false)) return {};
  schema::Problems problems;
  for (const auto* name : {"immutable", "data", "binaryData"}) {
    const Json* old = before.find(name);
    const Json* now = after.find(name);
    const bool same = old == now || (old != nullptr && now != nullptr && *old == *now);
    if (same) continue;
    problems.push_back({name, schema::Reason::forbidden,
                        "must stay as it is: the object is immutable; create another one"});
  }
  return problems;
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
          .columns = {{"Data", "integer", "How many values it has.", "", 0, &count_keys}},
          .check_update = &check_update};
}

}  // namespace gantry::api::core
