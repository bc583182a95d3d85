// Resize, clone, template.
// Source: pve-container PVE/API2/LXC.pm (resize_vm, clone_vm, template); answers of a real 9.2.
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_options.h"
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

// ---- clone ----

struct Cloning {
  NodeName node;
  VmId source, target;
  std::string storage;  // empty: where the source's disks are
  std::string pool;
  std::map<std::string, std::string> config;  // the target's, disks still the source's
};
using CloningPtr = std::shared_ptr<Cloning>;

// Privileges as in the table of pve-manager: "and(VM.Clone, or(newid, pool))".
Refusal check_clone(const Model& model, const Call& call) {
  const auto& access = model.access;
  const auto pool = call.params.get("pool");
  const auto path = "/vms/" + call.params.get("vmid");
  if (auto no = access.check(call.caller, path, {"VM.Clone"}); no.has_value()) return no;
  if (!pool.empty() && !access.pools().contains(pool)) {
    return not_permitted("(pool '" + pool + "' does not exist)");
  }
  const auto target = "/vms/" + call.params.get("newid");
  if (access.may(call.caller, target, "VM.Allocate")) return std::nullopt;
  if (!pool.empty() && access.may(call.caller, "/pool/" + pool, "VM.Allocate")) {
    return std::nullopt;
  }
  return not_permitted("");
}

void copy_config(Model& model, const Guest& source, const Call& call, Cloning& cloning) {
  for (const auto& [key, value] : source.config.values) {
    if (key == "template" || key == "lock" || is_unused_key(key)) continue;
    auto copied = value;
    if (key_family(key) == "net") {
      const auto& format = *find_property_format("net", model.is_modern());
      auto parts = parse_properties(format, value);
      parts["hwaddr"] = model.new_hwaddr();
      copied = print_properties(format, parts);
    }
    cloning.config[key] = std::move(copied);
  }
  if (call.params.has("hostname")) cloning.config["hostname"] = call.params.get("hostname");
  if (call.params.has("description")) {
    cloning.config["description"] =
        stored_value(model, "description", call.params.get("description"), nullptr);
  }
}

void allocate_copies(Model& model, Cloning& cloning, Worker& worker) {
  for (auto& [key, value] : cloning.config) {
    if (!is_volume_key(key)) continue;
    const auto& format = *find_property_format(key_family(key), model.is_modern());
    auto parts = parse_properties(format, value);
    const auto old = parts["volume"];
    worker.log("create full clone of mountpoint " + key + " (" + old + ")");
    const auto id = cloning.storage.empty() ? storage_of(old) : cloning.storage;
    const auto* storage = model.volumes.find_storage(id);
    if (storage == nullptr) continue;
    const auto bytes = parse_size(parts["size"]).value_or(0);
    const auto* source = model.volumes.find(cloning.node, old);
    const auto used = source == nullptr ? 0 : source->used;
    const auto volume = allocate_disk(model, cloning.node, *storage, cloning.target, bytes, worker);
    model.volumes.set_used(cloning.node, volume.volid, used);
    parts["volume"] = volume.volid;
    value = print_properties(format, parts);
  }
  model.save_volumes();
}

Async<Status> clone_work(Model& model, CloningPtr cloning, Worker& worker) {
  worker.log(absl::StrFormat("creating a clone of container %d with ID %d", cloning->source.get(),
                             cloning->target.get()));
  const auto* source = model.find_container(cloning->node, cloning->source);
  if (source == nullptr) co_return failed(missing_config_text(cloning->node, cloning->source));
  auto source_spec = model.spec_of(*source);
  const bool has_container = source->has_container;
  allocate_copies(model, *cloning, worker);
  auto target_spec = model.spec_of(cloning->node, cloning->target, cloning->config);
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  if (has_container) {
    GANTRY_CO_TRY(
        co_await model.backend.clone(std::move(source_spec), std::move(target_spec), log));
  }
  auto* target = model.find_guest(cloning->target);
  if (target == nullptr) co_return failed(missing_config_text(cloning->node, cloning->target));
  model.before_change(*target);
  target->config.values = cloning->config;
  target->has_container = has_container;
  model.save(*target);
  if (!cloning->pool.empty()) {
    model.access.set_pool(cloning->target, cloning->pool);
    model.save_access();
  }
  co_return Status();
}

Async<void> clone_undo(Model& model, CloningPtr cloning) {
  co_await destroy_disks(model, cloning->node, cloning->target);
  model.remove_guest(cloning->target);
}

// Where the copies go, and through which bridges they will speak.
Refusal check_resources(const Model& model, const Call& call, const Guest& source) {
  for (const auto& [key, value] : source.config.values) {
    if (key_family(key) == "net") {
      if (auto no = check_bridge(model, call.caller, value); no.has_value()) return no;
    }
    if (!is_volume_key(key)) continue;
    const auto parts = parse_properties(*find_property_format(key_family(key), true), value);
    const auto volume = parts.find("volume");
    const auto old = volume == parts.end() ? "" : storage_of(volume->second);
    const auto storage = call.params.get("storage", old);
    const auto no = check_disk_storage(model, call.caller, source.node, storage);
    if (no.has_value()) return no;
  }
  return std::nullopt;
}

Async<Reply> clone_container(Model& model, const Call& call) {
  if (auto no = check_clone(model, call); no.has_value()) co_return std::move(*no);
  if (auto no = model.check_quorum(); no.has_value()) co_return std::move(*no);
  const auto node = call.node();
  const auto vmid = call.params.vmid();
  const auto newid = call.params.vmid("newid");
  const auto state = co_await model.inspect(vmid);
  const auto* source = model.find_container(node, vmid);
  if (const auto* taken = model.find_guest(newid); taken != nullptr) {
    co_return died(already_exists_text(*taken));
  }
  if (source == nullptr) co_return died(missing_config_text(node, vmid));
  if (auto no = check_lock(*source); no.has_value()) co_return std::move(*no);
  if (state.running) {
    co_return died("Full clone of a running container is only possible from a snapshot");
  }
  if (auto no = check_resources(model, call, *source); no.has_value()) co_return std::move(*no);
  auto cloning = std::make_shared<Cloning>();
  cloning->node = node;
  cloning->source = vmid;
  cloning->target = newid;
  cloning->storage = call.params.get("storage");
  cloning->pool = call.params.get("pool");
  copy_config(model, *source, call, *cloning);
  GuestConfig locked;
  locked.values["lock"] = "create";
  model.add_guest(newid, node, std::move(locked));
  Job job;
  job.type = "vzclone";
  job.id = std::to_string(vmid.get());
  job.locks = newid;
  job.failure_prefix = "clone failed: ";
  job.work = [&model, cloning](Worker& worker) { return clone_work(model, cloning, worker); };
  job.undo = [&model, cloning](Worker&) { return clone_undo(model, cloning); };
  co_return done(model.tasks.start(node, call.caller, std::move(job)).get());
}

// ---- template ----

Reply make_template(Model& model, const Call& call) {
  const auto node = call.node();
  const auto vmid = call.params.vmid();
  auto* guest = model.find_container(node, vmid);
  if (guest == nullptr) return died(missing_config_text(node, vmid));
  if (auto no = check_lock(*guest); no.has_value()) return std::move(*no);
  if (guest->config.flag("template")) {
    return died("you can't convert a template to a template");
  }
  if (guest->running) return died("you can't convert a CT to template if the CT is running");
  model.before_change(*guest);
  guest->config.values["template"] = "1";
  model.save(*guest);
  return done();
}

}  // namespace

void add_guest_disk_routes(std::vector<Route>& routes) {
  const std::string one = "/nodes/{node}/lxc/{vmid}";
  routes.push_back({"PUT", one + "/resize", resize_container});
  routes.push_back({"POST", one + "/clone", clone_container});
  routes.push_back({"POST", one + "/template", make_template});
}

}  // namespace gantry::lab
