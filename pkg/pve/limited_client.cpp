#include "pkg/pve/limited_client.h"

#include <algorithm>
#include <utility>

#include "pkg/http/http.h"

namespace gantry::pve {
namespace {

constexpr auto kRetryTask = std::chrono::seconds(2);
// What was proven before a write may be older by so much when the write is sent.
constexpr auto kProofAgeMax = std::chrono::seconds(5);

// The call may have been executed, and who started its task has not been told.
bool has_lost_its_answer(const Status& status) {
  const auto error = error_class(status);
  return http::may_have_been_sent(status) || error == ErrorClass::timeout ||
         error == ErrorClass::cancelled || error == ErrorClass::schema;
}

const Status& status_of(const Status& status) {
  return status;
}
template <class T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}

}  // namespace

LimitedClient::LimitedClient(Client& client, async::Clock& clock, ClientLimits limits)
    : client_(client),
      clock_(clock),
      limits_(limits),
      bucket_(clock, limits.requests_per_second, limits.burst, limits.waiting_max) {}

size_t LimitedClient::tasks_on(const NodeName& node) const {
  const auto it = places_.find(node);
  return it == places_.end() ? 0 : it->second.taken();
}

void LimitedClient::forget_old(Places& places) const {
  const Time now = clock_.steady();
  std::erase_if(places.running,
                [&](const auto& entry) { return now - entry.second > limits_.task_age_max; });
  std::erase_if(places.unclear,
                [&](const Unclear& call) { return now - call.since > limits_.unclear_age_max; });
}

void LimitedClient::saw(const Task& task) {
  if (!task.running) {
    for (auto& [node, places] : places_) places.running.erase(task.upid);
    return;
  }
  auto& [starting, running, unclear] = places_[task.node];
  if (running.contains(task.upid)) return;
  // A guest has one task at a time: this is what the call has started.
  const auto call = std::ranges::find(unclear, task.id, &Unclear::id);
  if (call != unclear.end()) {
    running.emplace(task.upid, call->since);
    unclear.erase(call);
  } else if (is_work_of_ours(task)) {
    running.emplace(task.upid, clock_.steady());
  }
}

// Consoles are no work, and run for as long as somebody looks.
bool LimitedClient::is_work_of_ours(const Task& task) const {
  return !limits_.user.empty() && task.user == limits_.user && task.type.starts_with("vz");
}

// The call has not begun yet: an Asio coroutine starts when it is awaited.
template <class T>
Async<Result<T>> LimitedClient::limited(const Operation& operation, Async<Result<T>> call) {
  GANTRY_CO_TRY(co_await bucket_.take());
  co_return co_await timed(operation, std::move(call));
}

template <class T>
Async<T> LimitedClient::timed(const Operation& operation, Async<T> call) {
  const Time begun = clock_.steady();
  auto answer = co_await std::move(call);
  const Time now = clock_.steady();
  const Status& status = status_of(answer);
  // Nobody waits for it any more: how long it would have taken is not known.
  if (!status.ok() && error_class(status) == ErrorClass::cancelled) co_return answer;
  if (operation.method == "GET") reads_.add(now, now - begun);
  const EndedCall call_ended{operation, status, now - begun};
  if (hear_) hear_(call_ended);
  co_return answer;
}

Async<Status> LimitedClient::reserve_place(NodeName node) {
  const Time asked_at = clock_.steady();
  auto& places = places_[node];
  forget_old(places);
  if (places.taken() >= limits_.tasks_per_node) {
    std::vector<Upid> believed;
    for (const auto& [upid, since] : places.running) believed.push_back(upid);
    for (const auto& upid : believed) {
      const auto ended = co_await task(upid);
      const bool unknown = !ended.ok() && error_class(ended.status()) == ErrorClass::not_found;
      if (unknown) places.running.erase(upid);
    }
  }
  const size_t busy = places.taken();
  if (busy >= limits_.tasks_per_node) {
    auto status = error(ErrorClass::overload, "node %s: %d of our tasks run there, the limit is %d",
                        node.get(), busy, limits_.tasks_per_node);
    co_return with_retry_after(std::move(status), kRetryTask);
  }
  if (clock_.steady() - asked_at > kProofAgeMax) {
    auto status =
        error(ErrorClass::overload, "node %s: to see which of our tasks have ended took %s",
              node.get(), human_duration(clock_.steady() - asked_at));
    co_return with_retry_after(std::move(status), kRetryTask);
  }
  ++places.starting;
  co_return Status();
}

Status LimitedClient::turn_to_write() {
  if (may_write_) GANTRY_TRY(may_write_());
  bucket_.borrow();
  return Status();
}

Async<Status> LimitedClient::write(const Operation& operation, Async<Status> call) {
  GANTRY_CO_TRY(turn_to_write());
  co_return co_await timed(operation, std::move(call));
}

Async<Result<Upid>> LimitedClient::start_task(const Operation& operation, NodeName node,
                                              std::string id, Async<Result<Upid>> call) {
  GANTRY_CO_TRY(co_await reserve_place(node));
  const Status ready = turn_to_write();
  if (!ready.ok()) {
    --places_[node].starting;
    co_return ready;
  }
  auto started = co_await timed(operation, std::move(call));
  auto& places = places_[node];
  --places.starting;
  const Time now = clock_.steady();
  if (started.ok()) {
    places.running.emplace(*started, now);
  } else if (has_lost_its_answer(started.status())) {
    places.unclear.push_back({std::move(id), now});
  }
  co_return started;
}

namespace {

constexpr Operation kVersion{"GET", "/version"};
constexpr Operation kPermissions{"GET", "/access/permissions"};
constexpr Operation kClusterStatus{"GET", "/cluster/status"};
constexpr Operation kResources{"GET", "/cluster/resources"};
constexpr Operation kStorages{"GET", "/nodes/{node}/storage"};
constexpr Operation kVolumes{"GET", "/nodes/{node}/storage/{storage}/content"};
constexpr Operation kNodeNetwork{"GET", "/nodes/{node}/network"};
constexpr Operation kIsVmidFree{"GET", "/cluster/nextid"};
constexpr Operation kGuestConfig{"GET", "/nodes/{node}/lxc/{vmid}/config"};
constexpr Operation kGuestPending{"GET", "/nodes/{node}/lxc/{vmid}/pending"};
constexpr Operation kGuestStatus{"GET", "/nodes/{node}/lxc/{vmid}/status/current"};
constexpr Operation kGuestInterfaces{"GET", "/nodes/{node}/lxc/{vmid}/interfaces"};
constexpr Operation kSnapshots{"GET", "/nodes/{node}/lxc/{vmid}/snapshot"};
constexpr Operation kHasFeature{"GET", "/nodes/{node}/lxc/{vmid}/feature"};
constexpr Operation kTask{"GET", "/nodes/{node}/tasks/{upid}/status"};
constexpr Operation kTaskLog{"GET", "/nodes/{node}/tasks/{upid}/log"};
constexpr Operation kNodeTasks{"GET", "/nodes/{node}/tasks"};
constexpr Operation kCreateGuest{"POST", "/nodes/{node}/lxc"};
constexpr Operation kCloneGuest{"POST", "/nodes/{node}/lxc/{vmid}/clone"};
constexpr Operation kConfigureGuest{"PUT", "/nodes/{node}/lxc/{vmid}/config"};
constexpr Operation kResizeGuest{"PUT", "/nodes/{node}/lxc/{vmid}/resize"};
constexpr Operation kGiveVolume{"POST", "/nodes/{node}/lxc/{vmid}/move_volume"};
constexpr Operation kMigrateGuest{"POST", "/nodes/{node}/lxc/{vmid}/migrate"};
constexpr Operation kStartGuest{"POST", "/nodes/{node}/lxc/{vmid}/status/start"};
constexpr Operation kStopGuest{"POST", "/nodes/{node}/lxc/{vmid}/status/stop"};
constexpr Operation kShutdownGuest{"POST", "/nodes/{node}/lxc/{vmid}/status/shutdown"};
constexpr Operation kDestroyGuest{"DELETE", "/nodes/{node}/lxc/{vmid}"};
constexpr Operation kTakeSnapshot{"POST", "/nodes/{node}/lxc/{vmid}/snapshot"};
constexpr Operation kDeleteSnapshot{"DELETE", "/nodes/{node}/lxc/{vmid}/snapshot/{snapname}"};
constexpr Operation kRollBackGuest{"POST", "/nodes/{node}/lxc/{vmid}/snapshot/{snapname}/rollback"};
constexpr Operation kBackUpGuest{"POST", "/nodes/{node}/vzdump"};
constexpr Operation kCreateInterface{"POST", "/nodes/{node}/network"};
constexpr Operation kDeleteInterface{"DELETE", "/nodes/{node}/network/{iface}"};
constexpr Operation kApplyNetwork{"PUT", "/nodes/{node}/network"};

// A guest, as tasks name it.
std::string id_of(VmId guest) {
  return std::to_string(guest.get());
}

}  // namespace

Async<Result<Version>> LimitedClient::version() {
  return limited(kVersion, client_.version());
}

Async<Result<Permissions>> LimitedClient::permissions() {
  return limited(kPermissions, client_.permissions());
}

Async<Result<ClusterStatus>> LimitedClient::cluster_status() {
  return limited(kClusterStatus, client_.cluster_status());
}

Async<Result<Resources>> LimitedClient::resources() {
  return limited(kResources, client_.resources());
}

Async<Result<std::vector<StorageRow>>> LimitedClient::storages(NodeName node) {
  return limited(kStorages, client_.storages(std::move(node)));
}

Async<Result<std::vector<Volume>>> LimitedClient::volumes(NodeName node, StorageId storage,
                                                          std::string content) {
  return limited(kVolumes,
                 client_.volumes(std::move(node), std::move(storage), std::move(content)));
}

Async<Result<std::vector<std::string>>> LimitedClient::bridges(NodeName node) {
  return limited(kNodeNetwork, client_.bridges(std::move(node)));
}

Async<Result<NodeNetwork>> LimitedClient::network(NodeName node) {
  return limited(kNodeNetwork, client_.network(std::move(node)));
}

Async<Result<bool>> LimitedClient::is_vmid_free(VmId vmid) {
  return limited(kIsVmidFree, client_.is_vmid_free(vmid));
}

Async<Result<GuestConfig>> LimitedClient::guest_config(NodeName node, VmId vmid) {
  return limited(kGuestConfig, client_.guest_config(std::move(node), vmid));
}

Async<Result<std::vector<PendingChange>>> LimitedClient::guest_pending(NodeName node, VmId vmid) {
  return limited(kGuestPending, client_.guest_pending(std::move(node), vmid));
}

Async<Result<GuestStatus>> LimitedClient::guest_status(NodeName node, VmId vmid) {
  return limited(kGuestStatus, client_.guest_status(std::move(node), vmid));
}

Async<Result<std::vector<GuestInterface>>> LimitedClient::guest_interfaces(NodeName node,
                                                                           VmId vmid) {
  return limited(kGuestInterfaces, client_.guest_interfaces(std::move(node), vmid));
}

Async<Result<std::vector<Snapshot>>> LimitedClient::snapshots(NodeName node, VmId vmid) {
  return limited(kSnapshots, client_.snapshots(std::move(node), vmid));
}

Async<Result<bool>> LimitedClient::has_feature(NodeName node, VmId vmid, std::string feature) {
  return limited(kHasFeature, client_.has_feature(std::move(node), vmid, std::move(feature)));
}

Async<Result<Task>> LimitedClient::task(Upid upid) {
  auto task = co_await limited(kTask, client_.task(std::move(upid)));
  if (task.ok()) saw(*task);
  co_return task;
}

Async<Result<std::vector<std::string>>> LimitedClient::task_log(Upid upid, int lines) {
  return limited(kTaskLog, client_.task_log(std::move(upid), lines));
}

Async<Result<std::vector<Task>>> LimitedClient::tasks(NodeName node, VmId vmid) {
  auto tasks = co_await limited(kNodeTasks, client_.tasks(std::move(node), vmid));
  if (tasks.ok())
    for (const auto& task : *tasks) saw(task);
  co_return tasks;
}

Async<Result<std::vector<Task>>> LimitedClient::running_tasks(NodeName node) {
  auto tasks = co_await limited(kNodeTasks, client_.running_tasks(std::move(node)));
  if (tasks.ok())
    for (const auto& task : *tasks) saw(task);
  co_return tasks;
}

Async<Result<Upid>> LimitedClient::create_guest(NodeName node, VmId vmid, Parameters parameters) {
  return start_task(kCreateGuest, node, id_of(vmid),
                    client_.create_guest(node, vmid, std::move(parameters)));
}

Async<Result<Upid>> LimitedClient::clone_guest(NodeName node, VmId source, VmId vmid,
                                               Parameters parameters) {
  return start_task(kCloneGuest, node, id_of(source),
                    client_.clone_guest(node, source, vmid, std::move(parameters)));
}

Async<Status> LimitedClient::configure_guest(NodeName node, VmId vmid, Parameters set,
                                             std::vector<std::string> remove, std::string digest) {
  return write(kConfigureGuest, client_.configure_guest(std::move(node), vmid, std::move(set),
                                                        std::move(remove), std::move(digest)));
}

Async<Result<Upid>> LimitedClient::resize_guest(NodeName node, VmId vmid, std::string disk,
                                                std::string size) {
  return start_task(kResizeGuest, node, id_of(vmid),
                    client_.resize_guest(node, vmid, std::move(disk), std::move(size)));
}

Async<Result<Upid>> LimitedClient::give_volume(NodeName node, VolumeGift gift) {
  auto id =
      absl::StrFormat("%d-%s>%d-%s", gift.from.get(), gift.from_key, gift.to.get(), gift.to_key);
  return start_task(kGiveVolume, node, std::move(id), client_.give_volume(node, std::move(gift)));
}

Async<Result<Upid>> LimitedClient::migrate_guest(NodeName node, VmId vmid, NodeName target,
                                                 bool restart) {
  return start_task(kMigrateGuest, node, id_of(vmid),
                    client_.migrate_guest(node, vmid, std::move(target), restart));
}

Async<Result<Upid>> LimitedClient::start_guest(NodeName node, VmId vmid) {
  return start_task(kStartGuest, node, id_of(vmid), client_.start_guest(node, vmid));
}

Async<Result<Upid>> LimitedClient::stop_guest(NodeName node, VmId vmid) {
  return start_task(kStopGuest, node, id_of(vmid), client_.stop_guest(node, vmid));
}

Async<Result<Upid>> LimitedClient::shutdown_guest(NodeName node, VmId vmid, Duration timeout) {
  return start_task(kShutdownGuest, node, id_of(vmid), client_.shutdown_guest(node, vmid, timeout));
}

Async<Result<Upid>> LimitedClient::destroy_guest(NodeName node, VmId vmid, DestroyOptions options) {
  return start_task(kDestroyGuest, node, id_of(vmid), client_.destroy_guest(node, vmid, options));
}

Async<Result<Upid>> LimitedClient::take_snapshot(NodeName node, VmId vmid, std::string name,
                                                 std::string description) {
  return start_task(kTakeSnapshot, node, id_of(vmid),
                    client_.take_snapshot(node, vmid, std::move(name), std::move(description)));
}

Async<Result<Upid>> LimitedClient::delete_snapshot(NodeName node, VmId vmid, std::string name) {
  return start_task(kDeleteSnapshot, node, id_of(vmid),
                    client_.delete_snapshot(node, vmid, std::move(name)));
}

Async<Result<Upid>> LimitedClient::roll_back_guest(NodeName node, VmId vmid, std::string snapshot) {
  return start_task(kRollBackGuest, node, id_of(vmid),
                    client_.roll_back_guest(node, vmid, std::move(snapshot)));
}

Async<Result<Upid>> LimitedClient::back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                                 std::string notes) {
  return start_task(kBackUpGuest, node, id_of(vmid),
                    client_.back_up_guest(node, vmid, std::move(storage), std::move(notes)));
}

Async<Status> LimitedClient::create_interface(NodeName node, std::string name,
                                              Parameters parameters) {
  return write(kCreateInterface,
               client_.create_interface(std::move(node), std::move(name), std::move(parameters)));
}

Async<Status> LimitedClient::delete_interface(NodeName node, std::string name) {
  return write(kDeleteInterface, client_.delete_interface(std::move(node), std::move(name)));
}

Async<Result<Upid>> LimitedClient::apply_network(NodeName node) {
  return start_task(kApplyNetwork, node, "networking", client_.apply_network(node));
}

}  // namespace gantry::pve
