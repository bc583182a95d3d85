// /nodes/{node}/lxc/{vmid}/{snapshot/**,feature}.
// Source: pve-container PVE/API2/LXC/Snapshot.pm, pve-guest-common PVE/AbstractConfig.pm,
// pve-storage PVE/Storage/ZFSPoolPlugin.pm. Not recorded but for the refusal on raw images in a
// folder.
#include <algorithm>
#include <utility>

#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_power.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"
#include "pkg/lab/row.h"

namespace gantry::lab {
namespace {

Reply no_snapshot(const std::string& name) {
  return died("snapshot '" + name + "' does not exist");
}

Reply get_feature(Model& model, const Call& call) {
  const auto* guest = model.find_container(call.node(), call.params.vmid());
  if (guest == nullptr) return missing_guest(call);
  const auto name = call.params.get("snapname");
  if (!name.empty() && !guest->config.snapshots.contains(name)) return no_snapshot(name);
  Row answer;
  answer.set("hasFeature", has_feature(model, *guest, call.params.get("feature")) ? 1 : 0);
  return done(std::move(answer));
}

Reply list_snapshots(Model& model, const Call& call) {
  const auto* guest = model.find_container(call.node(), call.params.vmid());
  if (guest == nullptr) return missing_guest(call);
  Json rows = Json::array();
  for (const auto& [name, values] : guest->config.snapshots) {
    Row row;
    row.set("name", name).set("description", "").set("snaptime", 0);
    for (const char* key : {"description", "snaptime", "parent", "snapstate"}) {
      if (const auto it = values.find(key); it != values.end())
        row.set(key, shown(key, it->second));
    }
    rows.push_back(std::move(row));
  }
  Row current;
  current.set("name", "current").set("description", "You are here!");
  current.set("digest", digest_of(guest->config)).set("running", guest->running ? 1 : 0);
  if (guest->config.has("parent")) current.set("parent", guest->config.get("parent"));
  rows.push_back(std::move(current));
  return done(std::move(rows));
}

Reply get_snapshot_config(Model& model, const Call& call) {
  const auto* guest = model.find_container(call.node(), call.params.vmid());
  if (guest == nullptr) return missing_guest(call);
  const auto it = guest->config.snapshots.find(call.params.get("snapname"));
  if (it == guest->config.snapshots.end()) return no_snapshot(call.params.get("snapname"));
  Row object;
  for (const auto& [key, value] : it->second) object.set(key, shown(key, value));
  return done(std::move(object));
}

Reply set_snapshot_config(Model& model, const Call& call) {
  auto* guest = model.find_container(call.node(), call.params.vmid());
  if (guest == nullptr) return missing_guest(call);
  if (!call.params.has("description")) return done();
  if (auto no = check_lock(*guest); no.has_value()) return std::move(*no);
  const auto it = guest->config.snapshots.find(call.params.get("snapname"));
  if (it == guest->config.snapshots.end()) return no_snapshot(call.params.get("snapname"));
  it->second["description"] = call.params.get("description");
  model.save(*guest);
  return done();
}

// ---- tasks ----

struct Target {
  NodeName node;
  VmId vmid;
  std::string name, description;
  bool start = false;
};

Target target_of(const Call& call) {
  return {call.node(), call.params.vmid(), call.params.get("snapname"),
          call.params.get("description"), call.params.flag("start")};
}

Reply queue(Model& model, const Call& call, const std::string& type, const std::string& lock,
            Async<Status> (*work)(Model&, Target, Worker&)) {
  const auto target = target_of(call);
  Job job;
  job.type = type;
  job.id = std::to_string(target.vmid.get());
  job.locks = target.vmid;
  job.work = [&model, target, work](Worker& worker) { return work(model, target, worker); };
  // Only a snapshot that fails or is interrupted cleans up after itself; a kill does not.
  job.undo = [&model, target, lock](Worker&) -> Async<void> {
    auto* guest = model.find_container(target.node, target.vmid);
    const bool half_made =
        guest != nullptr && lock == "snapshot" && guest->config.get("lock") == lock;
    if (!half_made) co_return;
    guest->config.values.erase("lock");
    guest->config.snapshots.erase(target.name);
    model.save(*guest);
  };
  return done(model.tasks.start(target.node, call.caller, std::move(job)).get());
}

Status check_worker(const Target& target, const Guest* guest) {
  if (guest == nullptr) return failed(missing_config_text(target.node, target.vmid));
  if (guest->config.has("lock")) return failed("CT is locked (" + guest->config.get("lock") + ")");
  return Status();
}

void set_lock(Model& model, Guest& guest, const std::string& lock) {
  model.before_change(guest);
  if (lock.empty()) {
    guest.config.values.erase("lock");
  } else {
    guest.config.values["lock"] = lock;
  }
  model.save(guest);
}

using Values = std::map<std::string, std::string>;

// What a snapshot keeps of a config, and what comes back from it: never the notes.
Values copied(const Values& values) {
  Values copy;
  for (const auto& [key, value] : values) {
    const bool own = key == "snapstate" || key == "snaptime" || key == "lock" ||
                     key == "description" || is_unused_key(key);
    if (!own) copy[key] = value;
  }
  return copy;
}

Async<Status> snapshot_work(Model& model, Target target, Worker& worker) {
  auto* guest = model.find_container(target.node, target.vmid);
  GANTRY_CO_TRY(check_worker(target, guest));
  if (guest->config.flag("template"))
    co_return failed("you can't take a snapshot if it's a template");
  if (guest->config.snapshots.contains(target.name)) {
    co_return failed("snapshot name '" + target.name + "' already used");
  }
  if (!has_feature(model, *guest, "snapshot")) {
    co_return failed("snapshot feature is not available");
  }
  auto& values = guest->config.snapshots[target.name];
  values = copied(guest->config.values);
  values["snapstate"] = "prepare";
  values["snaptime"] = std::to_string(to_unix_seconds(model.clock.now()));
  if (!target.description.empty()) values["description"] = target.description;
  set_lock(model, *guest, "snapshot");
  auto spec = model.spec_of(*guest);
  auto name = snapshot_copy(target.vmid, target.name);
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  const auto saved = co_await model.backend.save(std::move(spec), std::move(name), log);
  if (!saved.ok()) co_return saved.status();
  guest = model.find_container(target.node, target.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(target.node, target.vmid));
  guest->config.snapshots[target.name].erase("snapstate");
  guest->config.values["parent"] = target.name;
  set_lock(model, *guest, "");
  co_return Status();
}

Async<Status> delete_work(Model& model, Target target, Worker&) {
  auto* guest = model.find_container(target.node, target.vmid);
  GANTRY_CO_TRY(check_worker(target, guest));
  if (!guest->config.snapshots.contains(target.name)) {
    co_return failed("snapshot '" + target.name + "' does not exist");
  }
  guest->config.snapshots[target.name]["snapstate"] = "delete";
  set_lock(model, *guest, "snapshot-delete");
  auto name = snapshot_copy(target.vmid, target.name);
  GANTRY_CO_TRY(co_await model.backend.forget(std::move(name)));
  guest = model.find_container(target.node, target.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(target.node, target.vmid));
  auto& config = guest->config;
  const auto parent = config.snapshots[target.name]["parent"];
  const auto hand_on = [&](std::map<std::string, std::string>& values) {
    const auto it = values.find("parent");
    if (it == values.end() || it->second != target.name) return;
    if (parent.empty()) {
      values.erase(it);
    } else {
      it->second = parent;
    }
  };
  for (auto& [other, values] : config.snapshots) hand_on(values);
  hand_on(config.values);
  config.snapshots.erase(target.name);
  set_lock(model, *guest, "");
  co_return Status();
}

// ZFS knows a line of snapshots, not a tree.
Status check_newest(const Model& model, const Guest& guest, const std::string& name) {
  if (guest.config.get("parent") == name) return Status();
  for (const auto& [key, value] : guest.config.values) {
    if (!is_volume_key(key)) continue;
    const auto volid = volume_of(value);
    const auto* storage = model.volumes.find_storage(storage_of(volid));
    if (storage == nullptr || storage->type != "zfspool") continue;
    return failed("can't rollback, '" + name + "' is not most recent snapshot on '" + volid + "'");
  }
  return Status();
}

// What is in the snapshot, with the notes of now; disks that have come since are used no more.
void apply_snapshot(GuestConfig& config, const std::string& name) {
  const auto before = std::exchange(config.values, copied(config.snapshots.at(name)));
  const auto is_used = [&config](const std::string& volid) {
    return std::ranges::any_of(config.values, [&volid](const auto& setting) {
      return is_volume_key(setting.first) && volume_of(setting.second) == volid;
    });
  };
  for (const auto& [key, value] : before)
    if (key == "description" || is_unused_key(key)) config.values[key] = value;
  for (const auto& [key, value] : before)
    if (is_volume_key(key) && !is_used(volume_of(value))) add_unused(config, volume_of(value));
  config.values["parent"] = name;
  config.pending.clear();
  config.pending_delete.clear();
}

Async<Status> rollback_work(Model& model, Target target, Worker& worker) {
  auto* guest = model.find_container(target.node, target.vmid);
  GANTRY_CO_TRY(check_worker(target, guest));
  if (guest->config.flag("template")) co_return failed("you can't rollback if vm is a template");
  if (!guest->config.snapshots.contains(target.name)) {
    co_return failed("snapshot '" + target.name + "' does not exist");
  }
  GANTRY_CO_TRY(check_newest(model, *guest, target.name));
  if (const auto& values = guest->config.snapshots.at(target.name); values.contains("snapstate")) {
    co_return failed(
        "unable to rollback to incomplete snapshot (snapstate = " + values.at("snapstate") + ")");
  }
  if (guest->running) GANTRY_CO_TRY(co_await stop_now(model, target.node, target.vmid, worker));
  guest = model.find_container(target.node, target.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(target.node, target.vmid));
  set_lock(model, *guest, "rollback");
  auto spec = model.spec_of(*guest);
  auto name = snapshot_copy(target.vmid, target.name);
  const LogSink quiet = [](std::string) {};
  GANTRY_CO_TRY(co_await model.backend.load(std::move(spec), std::move(name), quiet));
  guest = model.find_container(target.node, target.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(target.node, target.vmid));
  apply_snapshot(guest->config, target.name);
  set_lock(model, *guest, "");
  if (!target.start) co_return Status();
  co_return co_await start_now(model, target.node, target.vmid, worker);
}

Reply create_snapshot(Model& model, const Call& call) {
  const auto name = call.params.get("snapname");
  if (name == "current" || name == "vzdump") {
    return died("unable to use snapshot name '" + name + "' (reserved name)");
  }
  return queue(model, call, "vzsnapshot", "snapshot", snapshot_work);
}

Reply delete_snapshot(Model& model, const Call& call) {
  return queue(model, call, "vzdelsnapshot", "snapshot-delete", delete_work);
}

Reply roll_back(Model& model, const Call& call) {
  return queue(model, call, "vzrollback", "rollback", rollback_work);
}

}  // namespace

void add_guest_snapshot_routes(std::vector<Route>& routes) {
  const std::string one = "/nodes/{node}/lxc/{vmid}";
  const std::string snapshot = one + "/snapshot/{snapname}";
  routes.push_back({"GET", one + "/feature", get_feature});
  routes.push_back({"GET", one + "/snapshot", list_snapshots});
  routes.push_back({"POST", one + "/snapshot", create_snapshot});
  routes.push_back({"DELETE", snapshot, delete_snapshot});
  routes.push_back({"GET", snapshot + "/config", get_snapshot_config});
  routes.push_back({"PUT", snapshot + "/config", set_snapshot_config});
  routes.push_back({"POST", snapshot + "/rollback", roll_back});
}

}  // namespace gantry::lab
