#pragma once
// View: how the objects of one resource are made of those of another.
#include <optional>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

struct View {
  store::Resource resource;  // "pods"
  store::Resource source;    // "machines.gantry.dev"; empty: there are never any
  // The object with the metadata of its source; nullopt when there is none for it.
  std::optional<Json> (*make)(const Json& source) = nullptr;
};

// All of them, as api::views declares them.
const std::vector<View>& all_views();
// Null when the resource is no view.
const View* find_view(const store::Resource& resource);

}  // namespace gantry::apiserver
