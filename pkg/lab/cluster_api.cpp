// /version, /cluster/**.
#include "pkg/base/text.h"
#include "pkg/lab/guest_rows.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"
#include "pkg/lab/task_rows.h"

namespace gantry::lab {
namespace {

Reply get_version(Model& model, const Call&) {
  Row version;
  version.set("version", model.is_modern() ? "9.2.11" : "8.4.1");
  version.set("release", model.is_modern() ? "9.2" : "8.4");
  version.set("repoid", "14a22df3deadbeef");
  return done(std::move(version));
}

void add_pools(const Model& model, const Call& call, Json& rows) {
  for (const auto& [name, pool] : model.access.pools()) {
    if (!model.access.may(call.caller, "/pool/" + name, "Pool.Audit")) continue;
    Row row;
    row.set("id", "/pool/" + name).set("type", "pool").set("pool", name);
    rows.push_back(std::move(row));
  }
}

void add_guests(const Model& model, const Call& call, Json& rows) {
  AuditFilter filter(model, call);
  std::map<std::string, bool> shown_pools;
  for (const auto& [name, pool] : model.access.pools()) {
    shown_pools[name] = model.access.may(call.caller, "/pool/" + name, "Pool.Audit");
  }
  for (const auto& [vmid, guest] : model.guests()) {
    if (!filter.shows(*guest)) continue;
    rows.push_back(resource_row(model, *guest, shown_pools[model.access.pool_of(vmid)]));
  }
}

void add_nodes(const Model& model, const Call& call, Json& rows) {
  for (const auto& [name, node] : model.nodes) {
    rows.push_back(node_row(model, call.caller, name));
  }
}

void add_storages(const Model& model, const Call& call, Json& rows) {
  for (const auto& storage : model.options.storages) {
    const auto& id = storage.id.get();
    if (access_to_storage(model, call.caller, id).has_value()) continue;
    for (const auto& [name, node] : model.nodes) {
      if (!model.volumes.is_on(storage, name)) continue;
      const auto space = model.volumes.space(name, storage);
      Row row;
      row.set("id", "storage/" + name.get() + "/" + id).set("type", "storage");
      row.set("storage", id).set("node", name.get()).set("plugintype", storage.type);
      row.set("content", join({storage.content.begin(), storage.content.end()}, ","));
      row.set("shared", storage.shared ? 1 : 0);
      row.set("status", node.online ? "available" : "unknown");
      if (node.online) row.set("disk", space.used).set("maxdisk", space.total);
      rows.push_back(std::move(row));
    }
  }
}

Reply get_resources(Model& model, const Call& call) {
  const auto type = call.params.get("type");
  Json rows = Json::array();
  if (type.empty()) add_pools(model, call, rows);
  if (type.empty() || type == "vm") add_guests(model, call, rows);
  if (type.empty() || type == "node") add_nodes(model, call, rows);
  if (type.empty() || type == "storage") add_storages(model, call, rows);
  return done(std::move(rows));
}

Reply get_cluster_status(Model& model, const Call& call) {
  Json rows = Json::array();
  if (!model.is_stand_alone()) {
    Row row;
    row.set("id", "cluster").set("type", "cluster").set("name", model.options.cluster_name);
    row.set("version", 1).set("nodes", static_cast<int64_t>(model.nodes.size()));
    row.set("quorate", model.quorate ? 1 : 0);
    rows.push_back(std::move(row));
  }
  int64_t number = 0;
  for (const auto& [name, node] : model.nodes) {
    ++number;
    Row row;
    row.set("id", "node/" + name.get()).set("type", "node").set("name", name.get());
    row.set("nodeid", model.is_stand_alone() ? 0 : number).set("ip", node.options.address);
    row.set("online", node.online ? 1 : 0).set("local", name == call.door ? 1 : 0);
    row.set("level", "");
    rows.push_back(std::move(row));
  }
  return done(std::move(rows));
}

Reply get_next_id(Model& model, const Call& call) {
  if (!call.params.has("vmid")) {
    return done(std::to_string(model.next_free_id(VmId(100)).get()));
  }
  const auto vmid = call.params.vmid();
  if (model.find_guest(vmid) != nullptr) {
    return bad_parameter("vmid", "VM " + std::to_string(vmid.get()) + " already exists");
  }
  return done(std::to_string(vmid.get()));
}

// Only the caller's own, unless it may audit the node.
Reply get_tasks(Model& model, const Call& call) {
  constexpr size_t kListed = 25;
  Json rows = Json::array();
  for (const auto& [name, node] : model.nodes) {
    const bool may_see_all = call.caller.is_root_user();
    size_t listed = 0;
    for (const auto& task : model.tasks.on_node(name)) {
      if (listed >= kListed) break;
      if (!may_see_all && task->caller != call.caller) continue;
      rows.push_back(task_row(*task));
      ++listed;
    }
  }
  return done(std::move(rows));
}

}  // namespace

void add_cluster_routes(std::vector<Route>& routes) {
  routes.push_back({"GET", "/version", get_version});
  routes.push_back({"GET", "/cluster/resources", get_resources});
  routes.push_back({"GET", "/cluster/status", get_cluster_status});
  routes.push_back({"GET", "/cluster/nextid", get_next_id});
  routes.push_back({"GET", "/cluster/tasks", get_tasks});
}

}  // namespace gantry::lab
