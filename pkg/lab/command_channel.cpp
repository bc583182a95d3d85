#include "pkg/lab/command_channel.h"

#include "pkg/async/deadline.h"
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/pve/mark.h"

namespace gantry::lab {

bool is_marked(const GuestConfig& config) {
  if (pve::find_mark(config.get("description")).has_value()) return true;
  return pve::find_tag(split(config.get("tags"), ';')).has_value();
}

bool is_unfinished(const GuestConfig& config) {
  return config.values.size() == 1 && config.get("lock") == "create";
}

Status CommandChannel::check_there(const guest::Target& target) const {
  const auto node = model_.nodes.find(target.node);
  if (node == model_.nodes.end() || !node->second.online) {
    return make_error(ErrorClass::transport, "ssh " + target.node.get() + ": no route to host");
  }
  const auto* guest = model_.find_guest(target.vmid);
  if (guest == nullptr || guest->node != target.node || guest->type != pve::GuestType::lxc) {
    return make_error(ErrorClass::not_found, missing_config_text(target.node, target.vmid));
  }
  return Status();
}

Status CommandChannel::check_ours(const guest::Target& target) const {
  GANTRY_TRY(check_there(target));
  if (!model_.options.forced_command) return Status();
  if (is_marked(model_.find_guest(target.vmid)->config)) return Status();
  return error(ErrorClass::permission, "container %d does not carry our mark", target.vmid.get());
}

Status CommandChannel::check_unfinished(const guest::Target& target,
                                        const Upid& create_task) const {
  GANTRY_TRY(check_there(target));
  const auto vmid = target.vmid.get();
  const auto& guest = *model_.find_guest(target.vmid);
  if (!is_unfinished(guest.config)) {
    return error(ErrorClass::permission, "container %d is no unfinished creation", vmid);
  }
  // A clone's task names its source: nothing proves what it made.
  const auto task = model_.tasks.find(create_task);
  const bool made_it = task != nullptr && task->id == std::to_string(vmid) &&
                       (task->type == "vzcreate" || task->type == "vzrestore") &&
                       (model_.command_user.empty() || task->caller.id() == model_.command_user);
  if (!made_it) {
    return error(ErrorClass::permission, "task '%s' did not create container %d", create_task.get(),
                 vmid);
  }
  if (task->running()) {
    return error(ErrorClass::locked, "container %d is still being created", vmid);
  }
  // Its config is older than any later use of the id.
  if (guest.created > task->started) {
    return error(ErrorClass::permission, "container %d was begun after task '%s'", vmid,
                 create_task.get());
  }
  return Status();
}

Async<Result<ContainerSpec>> CommandChannel::running_spec(guest::Target target) {
  GANTRY_CO_TRY(check_ours(target));
  const auto state = co_await model_.inspect(target.vmid);
  const auto* guest = model_.find_container(target.node, target.vmid);
  if (guest == nullptr) {
    co_return make_error(ErrorClass::not_found, missing_config_text(target.node, target.vmid));
  }
  if (!state.running || !guest->has_container) {
    co_return error(ErrorClass::remote, "container '%d' not running!", target.vmid.get());
  }
  co_return model_.spec_of(*guest);
}

Async<Result<guest::Exit>> CommandChannel::exec(guest::Target target, guest::Command command,
                                                guest::OutputSink sink) {
  if (command.terminal)
    co_return make_error(ErrorClass::unsupported, "the containers of this lab have no terminals");
  auto spec = co_await running_spec(target);
  if (!spec.ok()) co_return spec.status();
  const auto limit = command.timeout;
  const auto what = absl::StrFormat("pct exec %d", target.vmid.get());
  auto operation = model_.backend.exec(std::move(*spec), std::move(command), std::move(sink));
  co_return co_await async::with_deadline(model_.clock, limit, what, std::move(operation));
}

Async<Status> CommandChannel::push(guest::Target target, guest::File file) {
  auto spec = co_await running_spec(target);
  if (!spec.ok()) co_return spec.status();
  co_return co_await model_.backend.push(std::move(*spec), std::move(file));
}

Async<Status> CommandChannel::unlock(guest::Target target, Upid create_task) {
  GANTRY_CO_TRY(check_there(target));
  if (is_marked(model_.find_guest(target.vmid)->config) || create_task.get().empty()) {
    GANTRY_CO_TRY(check_ours(target));
    auto* guest = model_.find_guest(target.vmid);
    model_.before_change(*guest);
    guest->config.values.erase("lock");
    model_.save(*guest);
    note("unlock", target);
    co_return Status();
  }
  GANTRY_CO_TRY(check_unfinished(target, create_task));
  // It is in no pool, so that nobody but root could remove it.
  co_await destroy_disks(model_, target.node, target.vmid);
  model_.remove_guest(target.vmid);
  note("destroy", target);
  co_return Status();
}

namespace {

bool names_bridge(const GuestConfig& config, const std::string& bridge) {
  return std::ranges::any_of(config.values, [&bridge](const auto& setting) {
    const auto parts = split(setting.second, ',');
    return starts_with(setting.first, "net") &&
           std::ranges::find(parts, "bridge=" + bridge) != parts.end();
  });
}

}  // namespace

Async<Result<std::vector<VmId>>> CommandChannel::guests_on(NodeName name, std::string bridge) {
  const auto node = model_.nodes.find(name);
  if (node == model_.nodes.end() || !node->second.online)
    co_return make_error(ErrorClass::transport, "ssh " + name.get() + ": no route to host");
  std::vector<VmId> guests;
  for (const auto vmid : model_.guests_on(name))
    if (names_bridge(model_.find_guest(vmid)->config, bridge)) guests.push_back(vmid);
  co_return guests;
}

void CommandChannel::note(const std::string& verb, const guest::Target& target) {
  const auto path = absl::StrFormat("/nodes/%s/lxc/%d", target.node.get(), target.vmid.get());
  const auto now = model_.clock.now();
  model_.writes.push_back({now, now, "pct", verb, path, target.vmid});
}

}  // namespace gantry::lab
