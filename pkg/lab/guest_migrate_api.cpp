// /nodes/{node}/lxc/{vmid}/migrate.
// Source: pve-container PVE/API2/LXC.pm (migrate_vm, migrate_vm_precondition). Unverified.
#include "pkg/lab/guest_migrate.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

Refusal check_target_storage(const Model& model, const Call& call, const NodeName& target,
                             const std::string& id) {
  const auto* storage = model.volumes.find_storage(id);
  if (storage == nullptr) return died("storage '" + id + "' does not exist");
  if (!model.volumes.is_on(*storage, target)) {
    return died("storage '" + id + "' is not available on node '" + target.get() + "'");
  }
  auto no = model.access.check(call.caller, "/storage/" + id, {"Datastore.AllocateSpace"});
  if (no.has_value()) return no;
  if (storage->content.contains("rootdir")) return std::nullopt;
  return died("storage '" + id + "' does not support CT rootdirs");
}

Refusal check_storage_map(const Model& model, const Call& call, const Migration& migration) {
  const auto& map = migration.storages;
  if (!map.is_identity) {
    const auto path = "/vms/" + call.params.get("vmid");
    auto no = model.access.check(call.caller, path, {"VM.Config.Disk"});
    if (no.has_value()) return no;
  }
  for (const auto& [from, to] : map.entries) {
    auto no = check_target_storage(model, call, migration.target, to);
    if (no.has_value()) return no;
  }
  if (map.of_others.empty()) return std::nullopt;
  return check_target_storage(model, call, migration.target, map.of_others);
}

Migration read_migration(const Call& call) {
  Migration migration;
  migration.node = call.node();
  migration.target = NodeName(call.params.get("target"));
  migration.vmid = call.params.vmid();
  migration.online = call.params.flag("online");
  migration.restart = call.params.flag("restart");
  migration.timeout = std::chrono::seconds(call.params.integer("timeout", 180));
  migration.storages = parse_storage_map(call.params.get("target-storage"));
  return migration;
}

// The manager moves what it manages.
Async<Status> ask_ha(Model& model, VmId vmid, NodeName target, Worker& worker) {
  const auto sid = Ha::sid_of(vmid);
  worker.log(
      absl::StrFormat("Requesting HA migration for CT %d to node %s", vmid.get(), target.get()));
  GANTRY_CO_TRY(co_await model.clock.sleep_for(500ms));
  const auto* service = model.ha.find_service(sid);
  if (service != nullptr && service->state == "error") {
    worker.log("service '" + sid + "' in error state, must be disabled and fixed first");
  }
  if (!model.ha.is_managed(vmid) || (service != nullptr && service->state == "error")) {
    co_return failed("command 'ha-manager migrate " + sid + " " + target.get() +
                     "' failed: exit code 255");
  }
  model.ha.move(sid, target);
  co_return Status();
}

Job make_ha_job(Model& model, const Migration& migration) {
  const auto vmid = migration.vmid;
  const auto target = migration.target;
  Job job;
  job.type = "hamigrate";
  job.id = std::to_string(vmid.get());
  job.work = [&model, vmid, target](Worker& worker) { return ask_ha(model, vmid, target, worker); };
  return job;
}

Async<Reply> migrate_container(Model& model, const Call& call) {
  auto migration = read_migration(call);
  const auto target = migration.target.get();
  if (migration.target == migration.node) {
    co_return bad_parameter("target", "target is local node.");
  }
  if (auto no = model.check_quorum(); no.has_value()) co_return std::move(*no);
  if (!model.nodes.contains(migration.target)) {
    co_return died("no such cluster node '" + target + "'");
  }
  const auto state = co_await model.inspect(migration.vmid);
  if (model.find_container(migration.node, migration.vmid) == nullptr) {
    co_return died(missing_config_text(migration.node, migration.vmid));
  }
  if (state.running && !migration.online && !migration.restart) {
    co_return died("can't migrate running container without --online or --restart");
  }
  if (call.params.has("target-storage")) {
    auto no = check_storage_map(model, call, migration);
    if (no.has_value()) co_return std::move(*no);
  }
  const auto node = migration.node;
  auto job = model.ha.is_managed(migration.vmid) ? make_ha_job(model, migration)
                                                 : make_migrate_job(model, migration);
  co_return done(model.tasks.start(node, call.caller, std::move(job)).get());
}

Async<Reply> get_preconditions(Model& model, const Call& call) {
  if (auto no = model.check_quorum(); no.has_value()) co_return std::move(*no);
  const auto vmid = call.params.vmid();
  const auto state = co_await model.inspect(vmid);
  const auto* guest = model.find_container(call.node(), vmid);
  if (guest == nullptr) co_return died(missing_config_text(call.node(), vmid));
  if (auto no = check_lock(*guest); no.has_value()) co_return std::move(*no);
  Json allowed = Json::array();
  for (const auto& [name, node] : model.nodes) {
    if (name != call.node()) allowed.push_back(name.get());
  }
  Row answer;
  answer.set("running", state.running ? 1 : 0).set("allowed-nodes", std::move(allowed));
  answer.set("not-allowed-nodes", Json::object());
  co_return done(std::move(answer));
}

}  // namespace

void add_guest_migrate_routes(std::vector<Route>& routes) {
  const std::string path = "/nodes/{node}/lxc/{vmid}/migrate";
  routes.push_back({"GET", path, get_preconditions});
  routes.push_back({"POST", path, migrate_container});
}

}  // namespace gantry::lab
