#include "api/views/views.h"

#include <algorithm>

namespace gantry::api::views {
namespace {

meta::Kind view(std::string_view group, std::string_view version, std::string_view kind,
                std::string_view plural, std::string_view singular) {
  meta::Kind made;
  made.group = group;
  made.version = version;
  made.kind = kind;
  made.plural = plural;
  made.singular = singular;
  made.has_status = false;
  return made;
}

// "1/1": how many of the containers are ready.
Json ready_cell(const Json& pod) {
  const auto* ready = schema::find_path(pod, "status.containerStatuses[0].ready");
  return ready != nullptr && *ready == Json(true) ? "1/1" : "0/1";
}

// As kubectl shows it: what the container waits for, or else the phase.
Json status_cell(const Json& pod) {
  if (schema::find_path(pod, "metadata.deletionTimestamp") != nullptr) return "Terminating";
  for (const auto* path : {"status.containerStatuses[0].state.waiting.reason", "status.phase"})
    if (const auto* found = schema::find_path(pod, path)) return *found;
  return "Unknown";
}

meta::Kind pod() {
  auto kind = view("", "v1", "Pod", "pods", "pod");
  kind.short_names = {"po"};
  kind.selectable = {"spec.nodeName", "status.phase", "status.podIP"};
  kind.columns = {
      {"Ready", "string", "Whether its container is ready.", "", 0, &ready_cell},
      {"Status", "string", "What it is doing.", "", 0, &status_cell},
      {"Restarts", "integer", "Not counted.", "status.containerStatuses[0].restartCount"},
      {"IP", "string", "Its address.", "status.podIP", 1},
      {"Node", "string", "The Proxmox node.", "spec.nodeName", 1},
  };
  return kind;
}

meta::Kind event() {
  auto kind = view("events.k8s.io", "v1", "Event", "events", "event");
  kind.short_names = {"ev"};
  kind.selectable = {"regarding.kind",
                     "regarding.namespace",
                     "regarding.name",
                     "regarding.uid",
                     "regarding.apiVersion",
                     "regarding.fieldPath",
                     "regarding.resourceVersion",
                     "reason",
                     "reportingController",
                     "type"};
  kind.columns = {
      {"Last Seen", "date", "When it happened last.", "deprecatedLastTimestamp"},
      {"Type", "string", "Normal or Warning.", "type"},
      {"Reason", "string", "What happened, in one word.", "reason"},
      {"Kind", "string", "Of what it happened to.", "regarding.kind"},
      {"Object", "string", "What it happened to.", "regarding.name"},
      {"Note", "string", "What happened.", "note"},
  };
  return kind;
}

}  // namespace

const std::vector<meta::Kind>& all_kinds() {
  static const std::vector<meta::Kind> kinds = {
      pod(),
      view("", "v1", "Service", "services", "service"),
      event(),
      view("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", "pod"),
  };
  return kinds;
}

const meta::Kind* find_by_resource(std::string_view resource) {
  const auto found = std::ranges::find_if(
      all_kinds(), [&](const meta::Kind& kind) { return kind.resource() == resource; });
  return found == all_kinds().end() ? nullptr : &*found;
}

}  // namespace gantry::api::views
