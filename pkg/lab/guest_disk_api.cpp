// Resize, move_volume to another storage.
// Source: pve-container PVE/API2/LXC.pm (resize_vm, move_volume); answers of a real 9.2 (resize).
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

// ---- resize ----

struct Growth {
  NodeName node;
  VmId vmid;
  std::string key;
  int64_t bytes = 0;
};

Async<Status> resize_work(Model& model, Growth growth, Worker& worker) {
  auto* guest = model.find_container(growth.node, growth.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(growth.node, growth.vmid));
  if (guest->has_container) {
    auto spec = model.spec_of(*guest);
    GANTRY_CO_TRY(co_await model.backend.resize(std::move(spec), growth.key, growth.bytes));
  }
  guest = model.find_container(growth.node, growth.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(growth.node, growth.vmid));
  const auto& format = *find_property_format(key_family(growth.key), model.is_modern());
  auto parts = parse_properties(format, guest->config.get(growth.key));
  parts["size"] = print_size(growth.bytes);
  model.before_change(*guest);
  guest->config.values[growth.key] = print_properties(format, parts);
  if (auto* volume = model.volumes.find(growth.node, parts["volume"]); volume != nullptr) {
    volume->size = growth.bytes;
  }
  model.save(*guest);
  model.save_volumes();
  worker.log("Image resized.");
  co_return Status();
}

Reply missing_disk() {
  auto reply = died("format error");
  reply.errors["mp"] = "property is missing and it is not optional";
  reply.errors["volume"] = "property is missing and it is not optional";
  return reply;
}

Reply resize_container(Model& model, const Call& call) {
  Growth growth{call.node(), call.params.vmid(), call.params.get("disk"), 0};
  const auto* guest = model.find_container(growth.node, growth.vmid);
  if (guest == nullptr) return died(missing_config_text(growth.node, growth.vmid));
  if (auto no = check_lock(*guest); no.has_value()) return std::move(*no);
  if (auto no = check_digest(*guest, call.params.get("digest")); no.has_value()) {
    return std::move(*no);
  }
  if (!is_volume_key(growth.key) || !guest->config.has(growth.key)) return missing_disk();
  const auto& format = *find_property_format(key_family(growth.key), model.is_modern());
  const auto parts = parse_properties(format, guest->config.get(growth.key));
  const auto storage = storage_of(volume_of(guest->config.get(growth.key)));
  if (auto no = model.access.check(call.caller, "/storage/" + storage, {"Datastore.AllocateSpace"});
      no.has_value()) {
    return std::move(*no);
  }
  const auto size = parts.find("size");
  const auto present = size == parts.end() ? 0 : parse_size(size->second).value_or(0);
  const auto text = call.params.get("size");
  const bool relative = starts_with(text, "+");
  growth.bytes = parse_size(text.substr(relative ? 1 : 0)).value_or(0) + (relative ? present : 0);
  if (growth.bytes == present) return died("disk is already at specified size");
  if (growth.bytes < present) return died("unable to shrink disk size");
  Job job;
  job.type = "resize";
  job.id = std::to_string(growth.vmid.get());
  job.locks = growth.vmid;
  job.work = [&model, growth](Worker& worker) { return resize_work(model, growth, worker); };
  return done(model.tasks.start(growth.node, call.caller, std::move(job)).get());
}

// ---- move_volume ----

struct Relocation {
  NodeName node;
  VmId vmid;
  std::string key, storage;
  bool remove = false;  // else the old one stays as unusedN
};

void unlock(Model& model, const Relocation& what) {
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr || guest->config.get("lock") != "disk") return;
  guest->config.values.erase("lock");
  model.save(*guest);
}

Async<Status> move_work(Model& model, Relocation what, Worker& worker) {
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(what.node, what.vmid));
  const auto value = guest->config.get(what.key);
  const auto old = volume_of(value);
  const auto* source = model.volumes.find(what.node, old);
  if (source == nullptr) co_return failed("volume '" + old + "' does not exist");
  const auto used = source->used;
  const auto& storage = *model.volumes.find_storage(what.storage);
  GANTRY_CO_TRY(check_copy_fits(model, what.vmid, *source, what.node, storage, worker));
  const auto made = allocate_disk(model, what.node, storage, what.vmid, source->size, worker);
  model.volumes.set_used(what.node, made.volid, used);
  auto from = model.spec_of(*guest);
  auto values = guest->config.values;
  values[what.key] = with_volume(what.key, value, made.volid, model.is_modern());
  auto to = model.spec_of(what.node, what.vmid, values);
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  const bool has_container = guest->has_container;
  Status moved;
  if (has_container) moved = co_await model.backend.move(std::move(from), std::move(to), log);
  guest = model.find_container(what.node, what.vmid);
  if (!moved.ok() || guest == nullptr) {
    model.volumes.remove(what.node, made.volid);
    co_return moved.ok() ? failed(missing_config_text(what.node, what.vmid)) : moved;
  }
  model.before_change(*guest);
  guest->config.values[what.key] = values[what.key];
  if (what.remove) {
    model.volumes.remove(what.node, old);
  } else {
    add_unused(guest->config, old);
  }
  model.save_volumes();
  unlock(model, what);
  co_return Status();
}

Refusal check_move(const Model& model, const Call& call, const Guest& guest) {
  if (auto no = check_lock(guest); no.has_value()) return no;
  if (guest.running) return died("cannot move volumes of a running container");
  const auto key = call.params.get("volume");
  if (is_unused_key(key)) {
    return died("cannot move volume '" + key +
                "', only configured volumes can be moved to another storage");
  }
  if (!guest.config.has(key)) return missing_disk();
  if (auto no = check_digest(guest, call.params.get("digest")); no.has_value()) return no;
  return check_disk_storage(model, call.caller, guest.node, call.params.get("storage"));
}

Async<Reply> move_volume(Model& model, const Call& call) {
  if (call.params.has("target-vmid")) co_return co_await reassign_volume(model, call);
  Relocation what{call.node(), call.params.vmid(), call.params.get("volume"),
                  call.params.get("storage"), call.params.flag("delete")};
  (void)co_await model.inspect(what.vmid);
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return died(missing_config_text(what.node, what.vmid));
  if (auto no = check_move(model, call, *guest); no.has_value()) co_return std::move(*no);
  guest->config.values["lock"] = "disk";
  model.save(*guest);
  Job job;
  job.type = "move_volume";
  job.id = std::to_string(what.vmid.get());
  job.locks = what.vmid;
  job.work = [&model, what](Worker& worker) { return move_work(model, what, worker); };
  job.undo = [&model, what](Worker&) -> Async<void> {
    unlock(model, what);
    co_return;
  };
  co_return done(model.tasks.start(what.node, call.caller, std::move(job)).get());
}

}  // namespace

void add_guest_disk_routes(std::vector<Route>& routes) {
  const std::string one = "/nodes/{node}/lxc/{vmid}";
  routes.push_back({"PUT", one + "/resize", resize_container});
  routes.push_back({"POST", one + "/move_volume", move_volume});
}

}  // namespace gantry::lab
