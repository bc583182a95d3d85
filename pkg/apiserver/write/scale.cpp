#include "pkg/apiserver/write/scale.h"

#include "pkg/apiserver/write/patching.h"
#include "pkg/apiserver/write/writer.h"

namespace gantry::apiserver {
namespace {

int64_t replicas_of(const Json& object, std::string_view part) {
  const auto* found = object.find(part);
  return found == nullptr ? 0 : found->integer_or("replicas", 0);
}

}  // namespace

Json scale_of(const Json& object) {
  Json scale;
  scale.set("apiVersion", "autoscaling/v1");
  scale.set("kind", "Scale");
  const auto& metadata = *object.find("metadata");
  for (const auto name : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const auto* member = metadata.find(name)) scale.member("metadata").set(name, *member);
  scale.member("spec").set("replicas", replicas_of(object, "spec"));
  auto& status = scale.member("status");
  status.set("replicas", replicas_of(object, "status"));
  if (const auto* selector = object.find_path({"status", "selector"}))
    status.set("selector", *selector);
  return scale;
}

Result<Json> scaled(Json object, const Json& scale) {
  if (scale.string_or("kind", "") != "Scale" ||
      scale.string_or("apiVersion", "") != "autoscaling/v1")
    return invalid("kind: must be Scale of autoscaling/v1");
  const auto* wanted = scale.find_path({"spec", "replicas"});
  if (wanted != nullptr && !wanted->is_integer() && !wanted->is_null())
    return invalid("spec.replicas: must be an integer, not %s",
                   std::string(to_string(wanted->kind())));
  object.member("spec").set("replicas", replicas_of(scale, "spec"));
  auto& metadata = object.member("metadata");
  metadata.erase("resourceVersion");
  for (const auto name : {"name", "uid", "resourceVersion"})
    if (const auto* member = scale.find_path({"metadata", name})) metadata.set(name, *member);
  return object;
}

Async<Written> Writer::scale(std::string content_type, Json body) {
  const Change scaling = [&](Json& object) -> std::optional<ApiError> {
    Json wanted = content_type.empty() ? body : scale_of(object);
    if (!content_type.empty()) {
      const auto applied = apply_patch(nullptr, wanted, content_type, body);
      if (!applied.ok()) return explain_patch(applied, content_type);
    }
    auto next = scaled(std::move(object), wanted);
    if (!next.ok()) return explain(next.status());
    object = *std::move(next);
    return std::nullopt;
  };
  co_return co_await change(body, scaling);
}

}  // namespace gantry::apiserver
