// Directory indexes: the names of what lies below.
// Source: the `index` methods of pve-manager, pve-container and pve-ha-manager.
#include "pkg/base/text.h"
#include "pkg/lab/model.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

struct Index {
  const char *path, *member, *names;
};
constexpr Index kIndexes[] = {
    {"/cluster/ha", "id", "status resources groups rules"},
    {"/cluster/ha/status", "name", "current manager_status"},
    {"/nodes/{node}/lxc/{vmid}/status", "subdir", "current start stop"},
    {"/nodes/{node}/lxc/{vmid}/snapshot/{snapname}", "cmd", "rollback config"},
    {"/nodes/{node}/storage/{storage}", "subdir",
     "content download-url file-restore prunebackups rrd rrddata status upload"},
    {"/nodes/{node}/tasks/{upid}", "name", "log status"},
};
constexpr Index kGuest{"/nodes/{node}/lxc/{vmid}", "subdir",
                       "config pending status vncproxy termproxy vncwebsocket spiceproxy migrate "
                       "clone rrd rrddata firewall snapshot resize interfaces"};

Reply rows_of(const Index& index) {
  Json rows = Json::array();
  for (const auto& name : split(index.names, ' ')) {
    Row row;
    row.set(index.member, name);
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

template <size_t kNumber>
Reply list_index(Model&, const Call&) {
  return rows_of(kIndexes[kNumber]);
}

Reply list_guest(Model& model, const Call& call) {
  if (model.find_container(call.node(), call.params.vmid()) == nullptr) {
    return died(missing_config_text(call.node(), call.params.vmid()));
  }
  return rows_of(kGuest);
}

template <size_t... kNumbers>
void add_all(std::vector<Route>& routes, std::index_sequence<kNumbers...>) {
  (routes.push_back({"GET", kIndexes[kNumbers].path, list_index<kNumbers>}), ...);
}

}  // namespace

void add_index_routes(std::vector<Route>& routes) {
  add_all(routes, std::make_index_sequence<std::size(kIndexes)>());
  routes.push_back({"GET", kGuest.path, list_guest});
}

}  // namespace gantry::lab
