#pragma once
// The one table: method and path → handler; the schema says what each call takes and needs. What
// a version's schema does not know that version does not answer.
// The order of the checks is pve-manager's (PVE/HTTPServer.pm, rest_handler): path (501), privilege
// (403), proxy (595), daemon (595), parameters (400), handler.
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/lab/parameters.h"

namespace gantry::lab {

struct Model;

// `call` lives until the handler has ended.
using SlowHandler = Async<Reply> (*)(Model&, const Call& call);
using QuickHandler = Reply (*)(Model&, const Call& call);

struct Route {
  std::string method, path;
  std::variant<QuickHandler, SlowHandler> handler;
  const CallSchema* schema = nullptr;  // set by the router
};

class Router {
 public:
  explicit Router(PveVersion version);
  ~Router();
  // nullptr when there is no such path or method. Path variables are added to `params`.
  const Route* find(const std::string& method, const std::string& path, Params& params) const;

 private:
  struct Node;
  void add(Route route);
  const ApiSchema& schema_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Node> root_;
};

// Each file of handlers adds its own.
void add_access_routes(std::vector<Route>& routes);
void add_cluster_routes(std::vector<Route>& routes);
void add_ha_routes(std::vector<Route>& routes);
void add_node_routes(std::vector<Route>& routes);
void add_storage_routes(std::vector<Route>& routes);
void add_content_routes(std::vector<Route>& routes);
void add_network_routes(std::vector<Route>& routes);
void add_index_routes(std::vector<Route>& routes);
void add_pool_routes(std::vector<Route>& routes);
void add_task_routes(std::vector<Route>& routes);
void add_guest_read_routes(std::vector<Route>& routes);
void add_guest_create_routes(std::vector<Route>& routes);
void add_guest_config_routes(std::vector<Route>& routes);
void add_guest_power_routes(std::vector<Route>& routes);
void add_guest_migrate_routes(std::vector<Route>& routes);
void add_guest_snapshot_routes(std::vector<Route>& routes);
void add_guest_clone_routes(std::vector<Route>& routes);
void add_backup_routes(std::vector<Route>& routes);
void add_guest_disk_routes(std::vector<Route>& routes);
void add_guest_destroy_routes(std::vector<Route>& routes);

// Replaces "{vmid}" and the like.
std::string expand(const std::string& path, const Params& params);

}  // namespace gantry::lab
