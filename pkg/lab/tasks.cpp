#include "pkg/lab/tasks.h"

#include <algorithm>

#include "pkg/async/deadline.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

constexpr size_t kKeptPerNode = 5000;  // as many as the rotated index of a real one

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (auto& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

std::string log_time(Time time) {
  auto text = to_rfc3339(from_unix_seconds(to_unix_seconds(time)));
  text[10] = ' ';
  return text.substr(0, 19);
}

Async<Status> ConfigLocks::acquire(VmId vmid) {
  auto& slot = locks_[vmid];
  if (slot == nullptr) slot = std::make_unique<Lock>();
  auto* lock = slot.get();
  ++lock->users;
  if (lock->place.free() > 0) co_return co_await lock->place.acquire();
  auto status =
      co_await async::with_deadline(clock_, 10s, std::string("flock"), lock->place.acquire());
  if (status.ok()) co_return status;
  if (--lock->users == 0) locks_.erase(vmid);
  if (error_class(status) != ErrorClass::timeout) co_return status;
  co_return error(ErrorClass::locked,
                  "can't lock file '/run/lock/lxc/pve-config-%d.lock' - got timeout", vmid.get());
}

void ConfigLocks::release(VmId vmid) {
  auto& lock = *locks_.at(vmid);
  lock.place.release();
  if (--lock.users == 0) locks_.erase(vmid);
}

Upid make_upid(const TaskRecord& record) {
  return Upid(absl::StrFormat("UPID:%s:%08X:%08X:%08X:%s:%s:%s:", record.node.get(), record.pid,
                              record.pstart, to_unix_seconds(record.started), record.type,
                              record.id, record.caller.id()));
}

Tasks::Tasks(async::Clock& clock, Random& random, Executor executor, Faults& faults)
    : clock_(clock),
      random_(random),
      executor_(executor),
      faults_(faults),
      locks_(clock),
      group_(executor) {}

std::shared_ptr<TaskRecord> Tasks::make_record(const NodeName& node, const Caller& caller,
                                               const Job& job) {
  auto record = std::make_shared<TaskRecord>();
  record->node = node;
  record->type = job.type;
  record->id = job.id;
  record->caller = caller;
  record->pid = nodes_[node].next_pid++;
  record->started = clock_.now();
  // In hundredths of a second since boot; the lab has been up since the epoch.
  record->pstart = record->started.time_since_epoch() / 10ms % 0x7fffffff;
  record->upid = make_upid(*record);
  return record;
}

void Tasks::keep(const std::shared_ptr<TaskRecord>& record) {
  auto& node = nodes_[record->node];
  node.tasks.push_back(record);
  node.by_id[record->id].push_back(record);
  by_upid_[record->upid.get()] = record;
  while (node.tasks.size() > kKeptPerNode && !node.tasks.front()->running()) forget_oldest(node);
}

void Tasks::forget_oldest(Node& node) {
  const auto oldest = node.tasks.front();
  node.tasks.pop_front();
  by_upid_.erase(oldest->upid.get());
  const auto of_id = node.by_id.find(oldest->id);
  std::erase(of_id->second, oldest);
  if (of_id->second.empty()) node.by_id.erase(of_id);
}

void Tasks::restore(TaskRecord record) {
  auto& next = nodes_[record.node].next_pid;
  next = std::max(next, record.pid + 1);
  keep(std::make_shared<TaskRecord>(std::move(record)));
}

Upid Tasks::start(const NodeName& node, const Caller& caller, Job job) {
  auto record = make_record(node, caller, job);
  keep(record);
  if (observer_) observer_(*record);
  auto active = std::make_shared<Active>(record, executor_);
  active_[record->upid.get()] = active;
  auto shared_job = std::make_shared<Job>(std::move(job));
  group_.spawn(record->upid.get(),
               [this, active, shared_job] { return supervise(active, std::move(*shared_job)); });
  return record->upid;
}

Async<Status> Tasks::supervise(std::shared_ptr<Active> active, Job job) {
  Worker worker(*active->record);
  const Status status = co_await run(active, job, worker);
  if (!active->killed) finish(*active, worker, status, job.failure_prefix);
  co_return Status();
}

// Runs the work in a group of its own, so that it can be ended without ending its supervisor, which
// still has to clean up.
Async<Status> Tasks::run(std::shared_ptr<Active> active, Job& job, Worker& worker) {
  std::optional<HeldLock> held;
  if (job.locks.has_value()) {
    if (locks_.is_held(*job.locks)) worker.log("trying to acquire lock...");
    GANTRY_CO_TRY(co_await locks_.acquire(*job.locks));
    held.emplace(locks_, *job.locks);
  }
  Status result;
  active->group.spawn(job.type, [&]() -> Async<Status> {
    result = async::cancelled();
    const Status odd = co_await misbehave(*active, worker);
    if (!odd.ok()) {
      result = odd;
    } else {
      result = co_await job.work(worker);
    }
    co_return Status();
  });
  if (active->killed || active->interrupted) active->group.cancel();
  const Status joined = co_await active->group.join();
  if (!joined.ok()) result = joined;
  if (stopping_ && !result.ok()) active->killed = true;
  if (!result.ok() && job.undo && !active->killed) co_await job.undo(worker);
  if (active->interrupted && !result.ok() && error_class(result) == ErrorClass::cancelled) {
    result = make_error(ErrorClass::task_failed, job.interrupted);
  }
  co_return result;
}

// What the faults make of a task before its work begins. A kill strikes while the work runs.
Async<Status> Tasks::misbehave(Active& active, Worker& worker) {
  const auto fault = faults_.draw_task(random_, active.record->type);
  if (!fault.has_value()) co_return Status();
  if (*fault == TaskFault::fail) {
    co_return make_error(ErrorClass::task_failed, "lab: this task was told to fail");
  }
  if (*fault == TaskFault::warn) worker.warn("lab: this task was told to warn");
  const auto share = random_.unit();
  if (*fault == TaskFault::slow) {
    const auto pause = std::chrono::duration_cast<Duration>(faults_.slow_max * share);
    co_return co_await clock_.sleep_for(pause);
  }
  if (*fault == TaskFault::kill) {
    const auto upid = active.record->upid;
    const auto pause = std::chrono::duration_cast<Duration>(2s * share);
    group_.spawn("killer", [this, upid, pause]() -> Async<Status> {
      GANTRY_CO_TRY(co_await clock_.sleep_for(pause));
      kill(upid);
      co_return Status();
    });
  }
  co_return Status();
}

void Tasks::finish(Active& active, const Worker& worker, const Status& status,
                   const std::string& prefix) {
  auto& log = active.record->log;
  if (!status.ok()) {
    const auto text = one_line(prefix + message_of(status));
    log.push_back("TASK ERROR: " + text);
    end(active, text);
  } else if (worker.warnings() > 0) {
    const auto text = "WARNINGS: " + std::to_string(worker.warnings());
    log.push_back("TASK " + text);
    end(active, text);
  } else {
    log.push_back("TASK OK");
    end(active, "OK");
  }
}

void Tasks::end(Active& active, std::string exit) {
  active.record->ended = clock_.now();
  active.record->exit = std::move(exit);
  if (observer_) observer_(*active.record);
  active_.erase(active.record->upid.get());
}

void Tasks::interrupt(const Upid& upid) {
  const auto it = active_.find(upid.get());
  if (it == active_.end()) return;
  it->second->interrupted = true;
  it->second->group.cancel();
}

bool Tasks::kill(const Upid& upid) {
  const auto it = active_.find(upid.get());
  if (it == active_.end()) return false;
  const auto active = it->second;
  active->killed = true;
  end(*active, "unexpected status");
  active->group.cancel();
  return true;
}

void Tasks::kill_all(const NodeName& node) {
  std::vector<Upid> upids;
  for (const auto& [upid, active] : active_) {
    if (active->record->node == node) upids.push_back(active->record->upid);
  }
  for (const auto& upid : upids) kill(upid);
}

size_t Tasks::running(const NodeName& node, const std::string& who) const {
  return static_cast<size_t>(std::ranges::count_if(active_, [&](const auto& entry) {
    const auto& record = *entry.second->record;
    return record.node == node && record.caller.id() == who;
  }));
}

Async<void> Tasks::stop() {
  stopping_ = true;
  std::vector<Upid> upids;
  for (const auto& [upid, active] : active_) upids.push_back(active->record->upid);
  for (const auto& upid : upids) kill(upid);
  group_.stop();
  (void)co_await group_.join();
}

std::shared_ptr<const TaskRecord> Tasks::find(const Upid& upid) const {
  const auto it = by_upid_.find(upid.get());
  if (it == by_upid_.end()) return nullptr;
  return it->second;
}

std::vector<std::shared_ptr<const TaskRecord>> Tasks::on_node(const NodeName& node) const {
  const auto it = nodes_.find(node);
  if (it == nodes_.end()) return {};
  return {it->second.tasks.rbegin(), it->second.tasks.rend()};
}

std::vector<std::shared_ptr<const TaskRecord>> Tasks::of_id(const NodeName& node,
                                                            const std::string& id) const {
  const auto it = nodes_.find(node);
  if (it == nodes_.end()) return {};
  const auto tasks = it->second.by_id.find(id);
  if (tasks == it->second.by_id.end()) return {};
  return {tasks->second.rbegin(), tasks->second.rend()};
}

}  // namespace gantry::lab
