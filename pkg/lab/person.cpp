// What a person, a node or the network does to the lab past the API.
#include "pkg/lab/lab.h"
#include "pkg/lab/model.h"
#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

Status no_guest(VmId vmid) {
  return not_found("there is no guest %d", vmid.get());
}

const LogSink& quiet() {
  static const LogSink sink = [](std::string) {};
  return sink;
}

}  // namespace

Async<Result<Json>> Lab::as_root(std::string method, std::string path, Arguments arguments) {
  Call call;
  call.method = std::move(method);
  call.path = std::move(path);
  call.caller.user = "root@pam";
  call.door = model_->options.nodes.front().name;
  for (auto& [name, value] : arguments) call.params.set(name, std::move(value));
  const auto reply = co_await model_->execute(std::move(call));
  if (reply.ok()) co_return reply.data;
  const auto kind = reply.status == 400 ? ErrorClass::invalid : ErrorClass::remote;
  std::string text = reply.reason;
  for (const auto& [name, problem] : reply.errors) text += " " + name + ": " + problem;
  co_return make_error(kind, text);
}

Async<Status> Lab::start_guest(VmId vmid) {
  auto* guest = model_->find_guest(vmid);
  if (guest == nullptr) co_return no_guest(vmid);
  apply_pending(*model_, *guest);
  if (guest->has_container) {
    auto spec = model_->spec_of(*guest);
    GANTRY_CO_TRY(co_await model_->backend.start(std::move(spec), quiet()));
  }
  guest = model_->find_guest(vmid);
  if (guest == nullptr) co_return no_guest(vmid);
  model_->set_running(*guest, true);
  guest->state.running = true;
  co_return Status();
}

Async<Status> Lab::stop_guest(VmId vmid) {
  auto* guest = model_->find_guest(vmid);
  if (guest == nullptr) co_return no_guest(vmid);
  if (guest->has_container) {
    auto spec = model_->spec_of(*guest);
    GANTRY_CO_TRY(co_await model_->backend.stop(std::move(spec), quiet()));
  }
  guest = model_->find_guest(vmid);
  if (guest == nullptr) co_return no_guest(vmid);
  model_->set_running(*guest, false);
  co_return Status();
}

Async<Status> Lab::destroy_guest(VmId vmid) {
  auto* guest = model_->find_guest(vmid);
  if (guest == nullptr) co_return no_guest(vmid);
  const auto node = guest->node;
  if (guest->has_container) {
    auto spec = model_->spec_of(*guest);
    GANTRY_CO_TRY(co_await model_->backend.stop(spec, quiet()));
    GANTRY_CO_TRY(co_await model_->backend.destroy(spec, quiet()));
  }
  for (const auto& volume : model_->volumes.of_guest(node, vmid)) {
    model_->volumes.remove(node, volume.volid);
  }
  model_->save_volumes();
  model_->remove_guest(vmid);
  co_return Status();
}

Status Lab::migrate_guest(VmId vmid, NodeName node) {
  auto* guest = model_->find_guest(vmid);
  if (guest == nullptr) return no_guest(vmid);
  if (!model_->nodes.contains(node)) return not_found("there is no node '%s'", node.get());
  model_->before_change(*guest);
  model_->volumes.move(guest->node, node, vmid);
  model_->move_guest(*guest, node);
  model_->save_volumes();
  return Status();
}

Status Lab::edit_config(VmId vmid, const std::string& key, const std::string& value) {
  auto* guest = model_->find_guest(vmid);
  if (guest == nullptr) return no_guest(vmid);
  model_->before_change(*guest);
  if (value.empty()) {
    guest->config.values.erase(key);
  } else {
    guest->config.values[key] = value;
  }
  model_->save(*guest);
  return Status();
}

Status Lab::set_lock(VmId vmid, const std::string& lock) {
  return edit_config(vmid, "lock", lock);
}

Status Lab::set_pool(VmId vmid, const std::string& pool) {
  if (model_->find_guest(vmid) == nullptr) return no_guest(vmid);
  if (!pool.empty() && !model_->access.pools().contains(pool)) {
    return not_found("there is no pool '%s'", pool);
  }
  model_->access.set_pool(vmid, pool);
  model_->save_access();
  return Status();
}

Status Lab::put_guest(GuestRecord record) {
  if (model_->find_guest(record.vmid) != nullptr) {
    return already_exists("there already is a guest %d", record.vmid.get());
  }
  if (!model_->nodes.contains(record.node)) {
    return not_found("there is no node '%s'", record.node.get());
  }
  GuestConfig config;
  config.values = std::move(record.config);
  auto& guest = model_->add_guest(record.vmid, record.node, std::move(config));
  guest.type = record.type;
  guest.has_container = false;
  guest.running = record.running;
  guest.state.running = record.running;
  guest.running_since = model_->clock.now();
  guest.stale_until = Time();  // it has been there for long
  return record.pool.empty() ? Status() : set_pool(record.vmid, record.pool);
}

Async<Status> Lab::copy_guest(VmId source, VmId target) {
  const auto* guest = model_->find_guest(source);
  if (guest == nullptr) co_return no_guest(source);
  if (model_->find_guest(target) != nullptr) {
    co_return already_exists("there already is a guest %d", target.get());
  }
  auto config = guest->config;
  const auto node = guest->node;
  const bool has_container = guest->has_container;
  const auto from = model_->spec_of(*guest);
  for (auto& [key, value] : config.values) {
    if (!is_volume_key(key)) continue;
    const auto& format = *find_property_format(key_family(key), true);
    auto parts = parse_properties(format, value);
    const auto* storage = model_->volumes.find_storage(storage_of(parts["volume"]));
    if (storage == nullptr) continue;
    const auto bytes = parse_size(parts["size"]).value_or(0);
    const auto now = model_->clock.now();
    parts["volume"] = model_->volumes.allocate(node, *storage, target, bytes, now).volid;
    value = print_properties(format, parts);
  }
  const auto to = model_->spec_of(node, target, config.values);
  if (has_container) GANTRY_CO_TRY(co_await model_->backend.clone(from, to, quiet()));
  auto& copy = model_->add_guest(target, node, std::move(config));
  copy.has_container = has_container;
  model_->save_volumes();
  co_return Status();
}

// ---- the machines
// ----------------------------------------------------------------------------------

Async<Status> Lab::set_node_online(NodeName node, bool online) {
  const auto it = model_->nodes.find(node);
  if (it == model_->nodes.end()) co_return not_found("there is no node '%s'", node.get());
  if (it->second.online == online) co_return Status();
  it->second.online = online;
  if (online) {
    it->second.up_since = model_->clock.now();
    co_return Status();
  }
  model_->tasks.kill_all(node);
  const auto vmids = model_->guests_on(node);
  for (const auto& vmid : vmids) {
    auto* guest = model_->find_guest(vmid);
    if (guest == nullptr || !guest->running) continue;
    GANTRY_CO_TRY(co_await stop_guest(vmid));
  }
  co_return Status();
}

bool Lab::is_node_online(const NodeName& node) const {
  const auto it = model_->nodes.find(node);
  return it != model_->nodes.end() && it->second.online;
}

void Lab::set_quorate(bool quorate) {
  model_->quorate = quorate;
}

bool Lab::is_quorate() const {
  return model_->quorate;
}

void Lab::set_daemon_running(const NodeName& node, bool running) {
  const auto it = model_->nodes.find(node);
  if (it != model_->nodes.end()) it->second.daemon_running = running;
}

void Lab::set_privilege_masked(const std::string& userid, const std::string& privilege,
                               bool masked) {
  model_->access.set_masked(userid, privilege, masked);
}

void Lab::fill_storage(const StorageId& storage, int64_t bytes) {
  model_->volumes.set_fill(storage.get(), bytes);
}

bool Lab::kill_task(const Upid& upid) {
  return model_->tasks.kill(upid);
}

}  // namespace gantry::lab
