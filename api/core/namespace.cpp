#include "api/core/namespace.h"

namespace gantry::api::core {

using schema::field;
using schema::object;
using schema::Type;
using schema::TypeInfo;

TypeInfo describe(Type<NamespaceSpec>) {
  return object<NamespaceSpec>("NamespaceSpec", "What is wanted of a Namespace.",
                               {field<&NamespaceSpec::finalizers>(
                                   "finalizers", "Who empties it before it goes.", schema::set)});
}

TypeInfo describe(Type<NamespaceStatus>) {
  return object<NamespaceStatus>(
      "NamespaceStatus", "What was seen of a Namespace.",
      {field<&NamespaceStatus::phase>(
          "phase", "Active, or Terminating while its objects are being deleted.")});
}

TypeInfo describe(Type<Namespace>) {
  return object<Namespace>(
      "Namespace", "A space for names: objects in different namespaces may have the same name.",
      {
          field<&Namespace::api_version>("apiVersion", "v1."),
          field<&Namespace::kind>("kind", "Namespace."),
          field<&Namespace::metadata>("metadata", "What every object has."),
          field<&Namespace::spec>("spec", "What is wanted."),
          field<&Namespace::status>("status", "What was seen."),
      });
}

meta::Kind namespace_kind() {
  return {.group = "",
          .version = "v1",
          .kind = "Namespace",
          .plural = "namespaces",
          .singular = "namespace",
          .short_names = {"ns"},
          .categories = {},
          .namespaced = false,
          .has_status = true,
          .type = &schema::type_of<Namespace>,
          .selectable = {"status.phase"},
          .columns = {{"Status", "string", "Active or Terminating.", "status.phase"}},
          .check_update = nullptr};
}

}  // namespace gantry::api::core
