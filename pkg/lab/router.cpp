#include "pkg/lab/router.h"

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/lab/lab.h"

namespace gantry::lab {

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>> children;
  std::unique_ptr<Node> variable;
  std::string variable_name;
  std::map<std::string, const Route*> methods;
};

namespace {

std::vector<std::string> segments_of(const std::string& path) {
  auto segments = split(path, '/');
  std::erase(segments, "");
  return segments;
}

}  // namespace

Router::Router(PveVersion version) : schema_(api_schema(version)), root_(std::make_unique<Node>()) {
  std::vector<Route> routes;
  add_access_routes(routes);
  add_cluster_routes(routes);
  add_ha_routes(routes);
  add_node_routes(routes);
  add_storage_routes(routes);
  add_content_routes(routes);
  add_network_routes(routes);
  add_index_routes(routes);
  add_pool_routes(routes);
  add_task_routes(routes);
  add_guest_read_routes(routes);
  add_guest_create_routes(routes);
  add_guest_config_routes(routes);
  add_guest_power_routes(routes);
  add_guest_migrate_routes(routes);
  add_guest_snapshot_routes(routes);
  add_guest_clone_routes(routes);
  add_backup_routes(routes);
  add_guest_disk_routes(routes);
  add_guest_destroy_routes(routes);
  for (auto& route : routes) add(std::move(route));
}

Router::~Router() = default;

void Router::add(Route route) {
  const auto schema = schema_.calls.find(route.method + " " + route.path);
  if (schema == schema_.calls.end()) {  // another version's
    GANTRY_CHECK(api_schema(PveVersion::v9_2).calls.contains(route.method + " " + route.path));
    return;
  }
  route.schema = &schema->second;
  auto* node = root_.get();
  for (const auto& segment : segments_of(route.path)) {
    const bool is_variable = segment.front() == '{';
    auto& next = is_variable ? node->variable : node->children[segment];
    if (next == nullptr) next = std::make_unique<Node>();
    if (is_variable) node->variable_name = segment.substr(1, segment.size() - 2);
    node = next.get();
  }
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  node->methods[routes_.back()->method] = routes_.back().get();
}

const Route* Router::find(const std::string& method, const std::string& path,
                          Params& params) const {
  const auto* node = root_.get();
  const auto segments = segments_of(path);
  for (size_t i = 0; i < segments.size(); ++i) {
    if (const auto child = node->children.find(segments[i]); child != node->children.end()) {
      node = child->second.get();
      continue;
    }
    if (node->variable == nullptr) return nullptr;
    std::string value = segments[i];
    if (node->variable_name == "volume") {  // takes the rest, slashes and all
      while (++i < segments.size()) value += "/" + segments[i];
    }
    params.set(node->variable_name, std::move(value));
    node = node->variable.get();
  }
  const auto route = node->methods.find(method);
  return route == node->methods.end() ? nullptr : route->second;
}

std::string expand(const std::string& path, const Params& params) {
  std::string text;
  for (size_t at = 0; at < path.size(); ++at) {
    const auto close = path[at] == '{' ? path.find('}', at) : std::string::npos;
    if (close == std::string::npos) {
      text += path[at];
    } else {
      text += params.get(path.substr(at + 1, close - at - 1));
      at = close;
    }
  }
  return text;
}

}  // namespace gantry::lab
