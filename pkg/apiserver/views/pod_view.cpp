#include "pkg/apiserver/views/pod_view.h"

#include <absl/strings/str_format.h>

#include "pkg/base/time.h"

namespace gantry::apiserver {
namespace {

const Json kNone = Json::object();

const Json& part(const Json& object, std::string_view name) {
  const auto* found = object.find(name);
  return found != nullptr && found->is_object() ? *found : kNone;
}

Json metadata_of(const Json& machine) {
  Json metadata;
  const auto& from = part(machine, "metadata");
  for (const auto* name : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp",
                           "deletionTimestamp", "labels"})
    if (const auto* value = from.find(name)) metadata.set(name, *value);
  Json owner;
  owner.set("apiVersion", "gantry.dev/v1alpha1");
  owner.set("kind", "Machine");
  owner.set("name", from.string_or("name", ""));
  owner.set("uid", from.string_or("uid", ""));
  owner.set("controller", true);
  metadata.set("ownerReferences", Json::Array{owner});
  return metadata;
}

const Json* condition(const Json& status, std::string_view type) {
  const auto* conditions = status.find("conditions");
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const auto& each : conditions->as_array())
    if (each.string_or("type", "") == type) return &each;
  return nullptr;
}

// What we do not see now is Unknown, whatever it was.
std::string phase_of(const Json& status) {
  const auto* observed = condition(status, "Observed");
  if (observed != nullptr && observed->string_or("status", "") == "Unknown") return "Unknown";
  const auto power = status.string_or("power", "");
  return power == "running" ? "Running" : power == "stopped" ? "Succeeded" : "Pending";
}

Json started_at(const Json& status) {
  const auto seen = from_rfc3339(status.string_or("lastObservedAt", ""));
  const auto uptime = status.integer_or("uptimeSeconds", 0);
  if (!seen || uptime <= 0) return {};
  return to_rfc3339(seconds_before(*seen, uptime));
}

Json container_state(const Json& status, const std::string& phase) {
  Json state;
  if (phase == "Running") {
    auto& running = state.member("running");
    running = Json::object();
    if (auto since = started_at(status); !since.is_null()) running.set("startedAt", since);
  } else if (phase == "Succeeded") {
    state.member("terminated").set("exitCode", 0);
    state.member("terminated").set("reason", "Stopped");
  } else {
    const auto step = status.string_or("step", "");
    state.member("waiting").set("reason", phase == "Unknown" || step.empty() ? phase : step);
  }
  return state;
}

Json container_status(const Json& status, const std::string& phase, bool ready) {
  Json made;
  made.set("name", kPodContainer);
  made.set("ready", ready);
  made.set("started", phase == "Running");
  made.set("restartCount", 0);
  made.set("image", "");
  made.set("imageID", "");
  if (const auto vmid = status.integer_or("vmid", 0); vmid > 0)
    made.set("containerID", absl::StrFormat("lxc://%d", vmid));
  made.set("state", container_state(status, phase));
  return made;
}

Json conditions_of(const Json& status, bool ready) {
  Json list = Json::array();
  for (const auto* type : {"Initialized", "ContainersReady", "Ready", "PodScheduled"}) {
    const bool always = std::string_view(type) == "PodScheduled";
    Json made;
    made.set("type", type);
    made.set("status", ready || always ? "True" : "False");
    if (const auto* from = condition(status, "Ready"); from != nullptr && !always) {
      made.set("lastTransitionTime", from->string_or("lastTransitionTime", ""));
      if (!ready) made.set("reason", from->string_or("reason", ""));
      if (!ready) made.set("message", from->string_or("message", ""));
    }
    list.push_back(std::move(made));
  }
  return list;
}

Json status_of(const Json& status) {
  const auto phase = phase_of(status);
  const auto* is_ready = condition(status, "Ready");
  const bool ready =
      phase == "Running" && is_ready != nullptr && is_ready->string_or("status", "") == "True";
  Json made;
  made.set("phase", phase);
  made.set("conditions", conditions_of(status, ready));
  made.set("containerStatuses", Json::Array{container_status(status, phase, ready)});
  if (auto since = started_at(status); !since.is_null()) made.set("startTime", since);
  const auto* addresses = status.find("addresses");
  if (addresses == nullptr || !addresses->is_array() || addresses->size() == 0) return made;
  made.set("podIP", addresses->as_array().front());
  for (const auto& address : addresses->as_array()) {
    Json ip;
    ip.set("ip", address);
    made.member("podIPs").push_back(std::move(ip));
  }
  return made;
}

}  // namespace

std::optional<Json> pod_of(const Json& machine) {
  const auto& status = part(machine, "status");
  if (status.integer_or("vmid", 0) == 0) return std::nullopt;
  Json container;
  container.set("name", kPodContainer);
  container.set("image", part(machine, "spec").string_or("machineClassName", ""));
  container.set("resources", Json::object());
  Json pod;
  pod.set("apiVersion", "v1");
  pod.set("kind", "Pod");
  pod.set("metadata", metadata_of(machine));
  auto& spec = pod.member("spec");
  spec.set("containers", Json::Array{container});
  spec.set("nodeName", status.string_or("node", ""));
  spec.set("restartPolicy", "Always");
  pod.set("status", status_of(status));
  return pod;
}

std::optional<Json> pod_metrics_of(const Json& machine) {
  const auto& status = part(machine, "status");
  const auto& usage = part(status, "usage");
  if (phase_of(status) != "Running" || usage.size() == 0) return std::nullopt;
  const auto* cpu = usage.find("cpu");
  const double cores = cpu != nullptr && cpu->is_number() ? cpu->as_double() : 0;
  Json container;
  container.set("name", kPodContainer);
  auto& used = container.member("usage");
  used.set("cpu", absl::StrFormat("%dn", static_cast<int64_t>(cores * 1e9)));
  used.set("memory", absl::StrFormat("%dKi", usage.integer_or("memoryUsed", 0) / 1024));
  Json metrics;
  metrics.set("apiVersion", "metrics.k8s.io/v1beta1");
  metrics.set("kind", "PodMetrics");
  metrics.set("metadata", metadata_of(machine));
  metrics.member("metadata").erase("ownerReferences");
  metrics.set("timestamp", status.string_or("lastObservedAt", ""));
  metrics.set("window", "10s");
  metrics.set("containers", Json::Array{container});
  return metrics;
}

}  // namespace gantry::apiserver
