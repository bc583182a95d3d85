#include "pkg/apiserver/views/event_view.h"

#include <array>
#include <string_view>

namespace gantry::apiserver {
namespace {

struct Names {
  std::string_view core, newer;
};
constexpr std::array kNames = {
    Names{"involvedObject", "regarding"},
    Names{"message", "note"},
    Names{"reportingComponent", "reportingController"},
    Names{"source", "deprecatedSource"},
    Names{"firstTimestamp", "deprecatedFirstTimestamp"},
    Names{"lastTimestamp", "deprecatedLastTimestamp"},
    Names{"count", "deprecatedCount"},
};

void rename(Json& object, std::string_view from, std::string_view to) {
  auto* value = object.find(from);
  if (value == nullptr) return;
  Json moved = std::move(*value);
  object.erase(from);
  object.set(to, std::move(moved));
}

}  // namespace

std::optional<Json> newer_event_of(const Json& event) {
  Json made = event;
  for (const auto& names : kNames) rename(made, names.core, names.newer);
  made.set("apiVersion", "events.k8s.io/v1");
  return made;
}

Json core_event_of(const Json& event) {
  Json made = event;
  if (!made.is_object()) return made;
  for (const auto& names : kNames) rename(made, names.newer, names.core);
  if (made.find("apiVersion") != nullptr) made.set("apiVersion", "v1");
  return made;
}

}  // namespace gantry::apiserver
