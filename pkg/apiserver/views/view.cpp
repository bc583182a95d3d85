#include "pkg/apiserver/views/view.h"

#include <algorithm>

#include "pkg/apiserver/views/event_view.h"
#include "pkg/apiserver/views/pod_view.h"

namespace gantry::apiserver {

const std::vector<View>& all_views() {
  static const std::vector<View> views = {
      {"pods", "machines.gantry.dev", &pod_of},
      {"pods.metrics.k8s.io", "machines.gantry.dev", &pod_metrics_of},
      {"events.events.k8s.io", "events", &newer_event_of},
      {"services", "", nullptr},
  };
  return views;
}

const View* find_view(const store::Resource& resource) {
  const auto found = std::ranges::find(all_views(), resource, &View::resource);
  return found == all_views().end() ? nullptr : &*found;
}

}  // namespace gantry::apiserver
