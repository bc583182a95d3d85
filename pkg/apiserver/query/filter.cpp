#include "pkg/apiserver/query/filter.h"

namespace gantry::apiserver {

Result<Filter> Filter::parse(const api::meta::Kind& kind, const RequestInfo& info) {
  Filter filter;
  GANTRY_TRY_ASSIGN(filter.labels_, LabelSelector::parse(info.query("labelSelector")));
  GANTRY_TRY_ASSIGN(filter.fields_,
                    FieldSelector::parse(info.query("fieldSelector"), selectable_fields(kind)));
  return filter;
}

bool Filter::matches(const Json& object) const {
  return labels_.matches(object) && fields_.matches(object);
}

std::vector<std::string> selectable_fields(const api::meta::Kind& kind) {
  std::vector<std::string> fields{"metadata.name", "metadata.namespace"};
  const auto add = [&fields](std::initializer_list<const char*> more) {
    fields.insert(fields.end(), more.begin(), more.end());
  };
  if (kind.kind == "Event")
    add({"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
         "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
         "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"});
  if (kind.kind == "Secret") add({"type"});
  if (kind.kind == "Namespace") add({"status.phase"});
  if (kind.kind == "Machine") add({"status.node", "spec.machineClassName"});
  if (kind.kind == "App") add({"spec.machineClassName"});
  return fields;
}

}  // namespace gantry::apiserver
