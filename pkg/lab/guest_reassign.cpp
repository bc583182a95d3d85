// move_volume to another container: the volume is renamed after its new owner, nothing is copied.
// Source: pve-container PVE/API2/LXC.pm (move_volume: $load_and_check_reassign_configs,
// $volume_reassignfn), from memory of 6.0; unverified: no transcript covers it.
#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

struct Reassignment {
  NodeName node;
  VmId from, to;
  std::string from_key, to_key;
  std::string from_digest, to_digest;
};

std::string with_id(VmId vmid, const Reply& refusal) {
  return absl::StrFormat("Container %d: %s", vmid.get(), std::string(trim(refusal.message)));
}

bool is_in_snapshot(const Guest& guest, const std::string& volid) {
  return std::ranges::any_of(guest.config.snapshots, [&volid](const auto& snapshot) {
    return std::ranges::any_of(snapshot.second, [&volid](const auto& value) {
      return is_volume_key(value.first) && volume_of(value.second) == volid;
    });
  });
}

// What plugins call "rename": folders on a dir storage cannot.
bool can_be_renamed(Model& model, const NodeName& node, const std::string& volid) {
  const auto* storage = model.volumes.find_storage(storage_of(volid));
  const auto* volume = model.volumes.find(node, volid);
  return storage != nullptr && volume != nullptr &&
         !(storage->type == "dir" && volume->format == "subvol");
}

Refusal check_volume(Model& model, const Reassignment& what, const Guest& from, const Guest& to) {
  if (!from.config.has(what.from_key)) {
    return died(absl::StrFormat("volume '%s' for container '%d' does not exist", what.from_key,
                                what.from.get()));
  }
  if (to.config.has(what.to_key)) {
    return died(absl::StrFormat("Target volume key '%s' is already in use for container '%d'",
                                what.to_key, what.to.get()));
  }
  const auto volid = volume_of(from.config.get(what.from_key));
  if (is_in_snapshot(from, volid))
    return died("Cannot move volume used by a snapshot to another container");
  if (volid.starts_with("/")) {
    return died("Cannot move a bindmount or device mount to another container");
  }
  if (!can_be_renamed(model, what.node, volid))
    return died("Storage does not support moving of this disk to another container");
  if (from.running && !is_unused_key(what.from_key)) {
    return died(
        "Cannot move in-use volume while the source CT is running - detach or shutdown "
        "first");
  }
  return std::nullopt;
}

// Asked before the task, and by the task again under both locks.
Refusal check(Model& model, const Reassignment& what) {
  const auto* from = model.find_container(what.node, what.from);
  if (from == nullptr) return died(missing_config_text(what.node, what.from));
  const auto* target = model.find_guest(what.to);
  if (target != nullptr && target->node != what.node) {
    return died(absl::StrFormat("Both containers must be on the same node (%s != %s)",
                                what.node.get(), target->node.get()));
  }
  const auto* to = model.find_container(what.node, what.to);
  if (to == nullptr) return died(missing_config_text(what.node, what.to));
  if (auto no = check_lock(*from); no.has_value()) return no;
  if (auto no = check_lock(*to); no.has_value()) return no;
  if (from->config.flag("template") || to->config.flag("template"))
    return died("Can't move volumes from or to template CT");
  if (auto no = check_digest(*from, what.from_digest); no.has_value())
    return died(with_id(what.from, *no));
  if (auto no = check_digest(*to, what.to_digest); no.has_value())
    return died(with_id(what.to, *no));
  return check_volume(model, what, *from, *to);
}

// The target's config: at once where it stands still, else when it starts next.
void plug_in(Guest& to, const std::string& key, const std::string& value) {
  const bool is_later = to.running && !is_unused_key(key);
  (is_later ? to.config.pending : to.config.values)[key] = value;
}

Async<Status> work_locked(Model& model, Reassignment what, Worker& worker) {
  if (auto no = check(model, what); no.has_value())
    co_return failed(std::string(trim(no->message)));
  auto* from = model.find_container(what.node, what.from);
  auto* to = model.find_container(what.node, what.to);
  worker.log(absl::StrFormat("moving volume '%s' from container '%d' to '%d'", what.from_key,
                             what.from.get(), what.to.get()));
  const auto value = from->config.get(what.from_key);
  const auto old = volume_of(value);
  const auto source = model.spec_of(*from);
  const auto given = model.volumes.name_as(what.to, what.node, old);
  const bool stays_unused = is_unused_key(what.to_key);
  const auto made =
      stays_unused ? given : with_volume(what.to_key, value, given, model.is_modern());
  auto values = to->config.values;
  values[what.to_key] = made;
  const auto target = model.spec_of(what.node, what.to, values);
  const bool is_mounted = !is_unused_key(what.from_key) && !stays_unused;
  if (is_mounted && from->has_container && to->has_container)
    GANTRY_CO_TRY(co_await model.backend.reassign(source, what.from_key, target, what.to_key));
  from = model.find_container(what.node, what.from);
  to = model.find_container(what.node, what.to);
  if (from == nullptr || to == nullptr) co_return failed("a container went away");
  model.volumes.give(what.to, what.node, old);
  model.before_change(*from);
  model.before_change(*to);
  worker.log(absl::StrFormat("removing volume '%s' from container '%d' config", what.from_key,
                             what.from.get()));
  from->config.values.erase(what.from_key);
  model.save(*from);
  plug_in(*to, what.to_key, made);
  model.save(*to);
  model.save_volumes();
  worker.log(
      absl::StrFormat("target container '%d' updated with '%s'", what.to.get(), what.to_key));
  co_return Status();
}

// The source's lock is the job's.
Async<Status> work(Model& model, Reassignment what, Worker& worker) {
  GANTRY_CO_TRY(co_await model.tasks.locks().acquire(what.to));
  const HeldLock lock(model.tasks.locks(), what.to);
  co_return co_await work_locked(model, what, worker);
}

}  // namespace

Async<Reply> reassign_volume(Model& model, const Call& call) {
  Reassignment what;
  what.node = call.node();
  what.from = call.params.vmid();
  what.to = call.params.vmid("target-vmid");
  what.from_key = call.params.get("volume");
  what.to_key = call.params.get("target-volume", what.from_key);
  what.from_digest = call.params.get("digest");
  what.to_digest = call.params.get("target-digest");
  if (call.params.has("storage")) {
    const std::string both = "either set storage or target-vmid, but not both";
    co_return bad_parameters({{"storage", both}, {"target-vmid", both}});
  }
  const auto path = absl::StrFormat("/vms/%d", what.to.get());
  if (auto no = model.access.check(call.caller, path, {"VM.Config.Disk"}); no.has_value())
    co_return std::move(*no);
  if (what.from == what.to) {
    co_return bad_parameter("target-vmid",
                            "must be different than source VMID to move disk to another container");
  }
  (void)co_await model.inspect(what.from);
  (void)co_await model.inspect(what.to);
  if (auto no = check(model, what); no.has_value()) co_return std::move(*no);
  const auto* from = model.find_container(what.node, what.from);
  const auto storage = storage_of(volume_of(from->config.get(what.from_key)));
  auto allowed =
      model.access.check(call.caller, "/storage/" + storage, {"Datastore.AllocateSpace"});
  if (allowed.has_value()) co_return std::move(*allowed);
  Job job;
  job.type = "move_volume";
  job.id =
      absl::StrFormat("%d-%s>%d-%s", what.from.get(), what.from_key, what.to.get(), what.to_key);
  job.locks = what.from;
  job.work = [&model, what](Worker& worker) { return work(model, what, worker); };
  co_return done(model.tasks.start(what.node, call.caller, std::move(job)).get());
}

}  // namespace gantry::lab
