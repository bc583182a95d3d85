#include "controllers/machine/observe.h"

#include <algorithm>
#include <map>

#include "controllers/machine/identity.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/snapshots.h"
#include "pkg/base/text.h"
#include "pkg/pve/upid.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::PowerState;

class Observer {
 public:
  Observer(const Machine& machine, const inventory::Cluster& cluster, Observation& world)
      : machine_(machine), cluster_(cluster), reader_(cluster.reader), world_(world) {}

  Async<Status> look() {
    world_.sighting = cluster_.inventory.sight(vmid());
    world_.task = co_await read_task(machine_.status.upid);
    const bool at_work = world_.task.state == TaskState::running && !is_copy(world_.task.task.type);
    if (at_work) co_return Status();
    co_await look_at_create_task();
    co_await look_at_guest();
    co_await look_at_snapshots();
    co_await look_at_tasks();
    // A start that ended between the two is seen by neither: what goes is to have stopped after it.
    if (machine_.metadata.deleting() && world_.guest.occupant == Occupant::ours)
      co_await look_inside();
    co_await look_at_vmid();
    co_await look_for_traces();
    co_await look_for_leftovers();
    co_return Status();
  }

  // For an adoption there is no row yet.
  Async<void> look_at_adoptee() {
    world_.sighting = cluster_.inventory.sight(VmId(machine_.spec.adoption->vmid));
    world_.guest.why = world_.sighting.reason;
    if (!world_.sighting.guest.has_value()) co_return;
    const auto node = world_.sighting.guest->node;
    auto config = co_await reader_.guest_config(node, VmId(machine_.spec.adoption->vmid));
    if (config.ok()) {
      world_.guest.config = *std::move(config);
    } else {
      world_.guest.why = message_of(config.status());
    }
  }

 private:
  VmId vmid() const { return world_.row->vmid; }

  Async<RememberedTask> read_task(std::string upid) {
    RememberedTask remembered;
    if (upid.empty()) co_return remembered;
    auto task = co_await reader_.task(Upid(upid));
    if (!task.ok()) {
      // Task logs are kept for a while only; and they go with their node.
      const bool forgotten = error_class(task.status()) == ErrorClass::not_found ||
                             error_class(task.status()) == ErrorClass::invalid;
      remembered.state = forgotten ? TaskState::forgotten : TaskState::unreadable;
      if (const auto parts = pve::parse_upid(Upid(upid)); parts.ok()) {
        remembered.task.node = parts->node;
      }
      co_return remembered;
    }
    remembered.task = *std::move(task);
    if (remembered.task.running) {
      remembered.state = TaskState::running;
    } else {
      const bool well = remembered.task.succeeded();
      remembered.state = well ? TaskState::succeeded : TaskState::failed;
    }
    if (remembered.state == TaskState::failed) {
      auto log = co_await reader_.task_log(remembered.task.upid, 5);
      if (log.ok() && !log->empty()) remembered.last_line = log->back();
    }
    co_return remembered;
  }

  Async<void> look_at_create_task() {
    // Once the container has been seen, or handed over, its making is history.
    if (is_step(machine_.status, steps::kCreate, StepState::done) ||
        is_adopted(machine_, *world_.row)) {
      world_.create_task.state = TaskState::succeeded;
      co_return;
    }
    const auto& noted = world_.row->create_task;
    if (!noted.has_value()) co_return;
    world_.create_task = co_await read_task(noted->get());
  }

  // Where to look: the inventory's word, else where our create task ran.
  std::optional<NodeName> node_of_guest() const {
    if (world_.sighting.guest.has_value() &&
        world_.sighting.presence != inventory::Presence::absent) {
      return world_.sighting.guest->node;
    }
    if (!world_.row->create_task.has_value()) return std::nullopt;
    const auto parts = pve::parse_upid(*world_.row->create_task);
    if (!parts.ok()) return std::nullopt;
    return parts->node;
  }

  Async<void> look_at_guest() {
    auto& guest = world_.guest;
    guest.why = world_.sighting.reason;
    const auto node = node_of_guest();
    if (!node.has_value()) {
      const bool absent = world_.sighting.presence == inventory::Presence::absent;
      guest.occupant = absent ? Occupant::absent : Occupant::unknown;
      co_return;
    }
    guest.node = *node;
    auto config = co_await reader_.guest_config(*node, vmid());
    if (!config.ok()) {
      guest.unreadable = config.status();
      const bool absent = world_.sighting.presence == inventory::Presence::absent &&
                          error_class(config.status()) != ErrorClass::transport;
      guest.occupant = absent ? Occupant::absent : Occupant::unknown;
      if (!absent) guest.why += ": " + message_of(config.status());
      co_return;
    }
    guest.config = *std::move(config);
    guest.occupant = identify(guest.config, *world_.row, cluster_.installation);
    if (guest.occupant == Occupant::ours) co_await look_inside();
  }

  Async<void> look_inside() {
    auto& guest = world_.guest;
    guest.status.reset();
    auto status = co_await reader_.guest_status(guest.node, vmid());
    if (!status.ok()) {
      guest.unreadable = status.status();
      co_return;
    }
    guest.status = *std::move(status);
    if (!guest.status->running) co_return;
    auto pending = co_await reader_.guest_pending(guest.node, vmid());
    if (pending.ok()) guest.pending = *std::move(pending);
    auto interfaces = co_await reader_.guest_interfaces(guest.node, vmid());
    if (interfaces.ok()) guest.interfaces = *std::move(interfaces);
  }

  Async<void> look_at_snapshots() {
    const auto& guest = world_.guest;
    if (guest.occupant != Occupant::ours || !has_snapshots(machine_)) co_return;
    auto there = co_await reader_.snapshots(guest.node, vmid());
    if (!there.ok()) co_return;
    world_.snapshots = *std::move(there);
    if (!misses_snapshot(machine_, *world_.snapshots)) co_return;
    const auto can = co_await reader_.has_feature(guest.node, vmid(), "snapshot");
    if (can.ok()) world_.can_snapshot = *can;
  }

  bool has_snapshots_to_do() const {
    if (is_restoring(machine_)) return true;
    return world_.snapshots.has_value() &&
           (misses_snapshot(machine_, *world_.snapshots) ||
            surplus_snapshot(machine_, cluster_.installation, *world_.snapshots) != nullptr);
  }

  // Not needed for a container that does what it shall.
  bool is_calm() const {
    const auto& guest = world_.guest;
    const bool wanted = machine_.spec.power_state == PowerState::running;
    return guest.status.has_value() && guest.status->running == wanted &&
           !guest.config.find("lock").has_value() && !machine_.metadata.deleting() &&
           is_step(machine_.status, steps::kReady, StepState::done) && !has_snapshots_to_do();
  }

  Async<void> look_at_tasks() {
    if (world_.guest.node.get().empty() || is_calm()) co_return;
    auto tasks = co_await reader_.tasks(world_.guest.node, vmid());
    if (tasks.ok()) world_.tasks = *std::move(tasks);
  }

  Async<void> look_at_vmid() {
    const auto occupant = world_.guest.occupant;
    if (occupant == Occupant::ours) co_return;
    if (world_.create_task.state == TaskState::running) co_return;
    auto is_free = co_await reader_.is_vmid_free(vmid());
    if (is_free.ok()) world_.vmid_free = *is_free;
  }

  // Of which create a trace is looked for: one of ours whose answer was lost, or, after ours has
  // died, that of somebody who uses the id now.
  Async<void> look_for_traces() {
    const bool unclear = is_step(machine_.status, steps::kCreate, StepState::running);
    const bool taken = world_.vmid_free.has_value() && !*world_.vmid_free;
    const bool noted = world_.row->create_task.has_value();
    const bool died = noted && taken && world_.create_task.state == TaskState::failed;
    if (noted ? !died : !unclear && !taken) co_return;
    const auto* step = find_step(machine_.status, steps::kCreate);
    auto known = step == nullptr ? std::string() : step->upid;
    auto since = step != nullptr && step->started_at.has_value()
                     ? *step->started_at - kClockSkew
                     : machine_.metadata.creation_timestamp.value_or(Time{}) - kClockSkew;
    if (died) {
      known = world_.row->create_task->get();
      since = world_.create_task.task.started;
    }
    TraceQuery query;
    query.user = cluster_.user;
    query.known = std::move(known);
    query.since = since;
    query.anybody = died;
    query.may_be_older = !died && taken && step != nullptr && step->started_at.has_value();
    co_await look_for(query);
  }

  Async<void> look_for(const TraceQuery& query) {
    std::vector<pve::Task> all;
    std::string unread;
    for (const auto& [node, row] : world_.snapshot->nodes) {
      auto tasks = co_await reader_.tasks(node, vmid());
      if (tasks.ok()) {
        all.insert(all.end(), tasks->begin(), tasks->end());
      } else {
        unread = message_of(tasks.status());
      }
    }
    auto traces = find_traces(all, query);
    traces.complete = unread.empty() && !world_.snapshot->nodes.empty();
    traces.why_incomplete = std::move(unread);
    world_.traces = std::move(traces);
  }

  Async<void> look_for_leftovers() {
    const auto snapshot = world_.snapshot;
    // In a cycle that failed the list of storages is short, or empty.
    const bool is_due = machine_.metadata.deleting() && world_.vmid_free == true;
    if (!is_due || !snapshot->trustworthy()) co_return;
    Leftovers leftovers;
    std::map<std::string, bool> is_read;
    for (const auto& storage : snapshot->storages) {
      if (!storage.content.contains("rootdir")) continue;
      const bool is_near = storage.shared || storage.node.get() == machine_.status.node;
      if (!storage.active && !is_near) continue;
      auto name = storage.id.get();
      if (!storage.shared) name += " on " + storage.node.get();
      const auto known = is_read.try_emplace(std::move(name), false).first;
      if (!storage.active || known->second) continue;
      auto volumes = co_await reader_.volumes(storage.node, storage.id, "rootdir");
      if (!volumes.ok()) co_return;
      known->second = true;
      for (auto& volume : *volumes) {
        if (volume.vmid == vmid()) leftovers.found.push_back(std::move(volume));
      }
    }
    for (const auto& id : unlisted_storages()) is_read.try_emplace(id, false);
    for (const auto& [name, read] : is_read) {
      if (!read) leftovers.unread.push_back(name);
    }
    world_.leftovers = std::move(leftovers);
  }

  // That held volumes of it, and that we may no longer see, or that are gone.
  std::vector<std::string> unlisted_storages() const {
    std::vector<std::string> unlisted;
    const auto& listed = world_.snapshot->storages;
    for (const auto& volume : machine_.status.volumes) {
      const StorageId id(volume.volid.substr(0, volume.volid.find(':')));
      if (std::ranges::find(listed, id, &pve::StorageRow::id) == listed.end())
        unlisted.push_back(id.get());
    }
    return unlisted;
  }

  const Machine& machine_;
  const inventory::Cluster& cluster_;
  pve::Reader& reader_;
  Observation& world_;
};

}  // namespace

Async<Result<Observation>> observe(Machine machine, inventory::ClusterPtr cluster,
                                   store::Guests& guests, async::Clock& clock) {
  Observation world;
  world.now = clock.now();
  world.installation = cluster->installation;
  world.user = cluster->user;
  world.limits = cluster->spec.limits;
  world.pool = cluster->spec.pool;
  world.has_channel = cluster->channel != nullptr;
  world.snapshot = cluster->inventory.current();
  world.may_write = cluster->gate(false);
  world.may_destroy = cluster->gate(true);
  GANTRY_CO_TRY_ASSIGN(world.row, co_await guests.find_by_uid(cluster->name, machine.metadata.uid));
  Observer observer(machine, *cluster, world);
  if (world.row.has_value()) {
    (void)co_await observer.look();
  } else if (machine.spec.adoption.has_value()) {
    co_await observer.look_at_adoptee();
  }
  world.now = clock.now();
  co_return world;
}

}  // namespace gantry::controllers::machine
