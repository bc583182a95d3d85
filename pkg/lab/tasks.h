#pragma once
// The task engine: what Proxmox calls workers. A call queues a job and answers with its UPID; the
// job takes its guest's config lock, works, and leaves a log and an exit status.
// Source: pve-common PVE/RESTEnvironment.pm (fork_worker), PVE/UPID.pm; answers of a real 9.2.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/base/random.h"
#include "pkg/lab/call.h"
#include "pkg/lab/faults.h"

namespace gantry::lab {

struct TaskRecord {
  Upid upid;
  NodeName node;
  std::string type, id;
  Caller caller;
  int64_t pid = 0, pstart = 0;
  Time started;
  std::optional<Time> ended;
  std::string exit;  // once ended
  std::vector<std::string> log;
  bool running() const { return !ended.has_value(); }
};

// What a job's body sees of its task.
class Worker {
 public:
  explicit Worker(TaskRecord& record) : record_(record) {}
  void log(const std::string& line) { record_.log.push_back(line); }
  // The task will end "WARNINGS: n".
  void warn(const std::string& line) {
    log("WARN: " + line);
    ++warnings_;
  }
  int warnings() const { return warnings_; }
  const TaskRecord& record() const { return record_; }

 private:
  TaskRecord& record_;
  int warnings_ = 0;
};

// What a worker dies with: the text becomes its exit status.
inline Status failed(const std::string& text) {
  return make_error(ErrorClass::task_failed, text);
}

struct Job {
  std::string type;                                // vzcreate
  std::string id;                                  // usually the vmid
  std::optional<VmId> locks;                       // whose config lock is held from begin to end
  std::string failure_prefix;                      // "unable to create CT 100 - "
  std::string interrupted = "received interrupt";  // how it ends when its task is deleted
  std::function<Async<Status>(Worker&)> work;
  std::function<Async<void>(Worker&)> undo;  // after a failure or an interrupt, not after a kill
};

// The flock on a guest's config file, which also exists for guests that do not.
class ConfigLocks {
 public:
  explicit ConfigLocks(async::Clock& clock) : clock_(clock) {}
  // Waits 10 s at most, as Proxmox does; then the text that it has for that.
  Async<Status> acquire(VmId vmid);
  void release(VmId vmid);
  bool is_held(VmId vmid) const { return locks_.contains(vmid); }

 private:
  struct Lock {
    async::Semaphore place{1};
    size_t users = 0;
  };
  async::Clock& clock_;
  std::map<VmId, std::unique_ptr<Lock>> locks_;
};

// Releases on destruction, also when the coroutine is destroyed half-way.
class HeldLock {
 public:
  HeldLock(ConfigLocks& locks, VmId vmid) : locks_(&locks), vmid_(vmid) {}
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;
  ~HeldLock() { locks_->release(vmid_); }

 private:
  ConfigLocks* locks_;
  VmId vmid_;
};

class Tasks {
 public:
  Tasks(async::Clock& clock, Random& random, Executor executor, Faults& faults);

  // Queues a job on a node; it begins later, from the executor.
  Upid start(const NodeName& node, const Caller& caller, Job job);
  // nullptr when unknown or no longer kept.
  std::shared_ptr<const TaskRecord> find(const Upid& upid) const;
  // Newest first.
  std::vector<std::shared_ptr<const TaskRecord>> on_node(const NodeName& node) const;
  std::vector<std::shared_ptr<const TaskRecord>> of_id(const NodeName& node,
                                                       const std::string& id) const;
  // DELETE: the worker ends and cleans up. No-op for ended tasks.
  void interrupt(const Upid& upid);
  // SIGKILL: the task is over at once, nothing is cleaned up. False when it does not run.
  bool kill(const Upid& upid);
  void kill_all(const NodeName& node);
  size_t running() const { return active_.size(); }
  size_t running(const NodeName& node, const std::string& who) const;
  // Kills what runs and waits for it.
  Async<void> stop();

  ConfigLocks& locks() { return locks_; }
  // Told of every task when it begins and when it has ended (persistence).
  void on_change(std::function<void(const TaskRecord&)> observer) {
    observer_ = std::move(observer);
  }
  // A task of an earlier life.
  void restore(TaskRecord record);

 private:
  struct Active {
    std::shared_ptr<TaskRecord> record;
    async::Group group;
    bool killed = false, interrupted = false;
    Active(std::shared_ptr<TaskRecord> r, Executor executor)
        : record(std::move(r)), group(std::move(executor)) {}
  };
  struct Node {
    std::deque<std::shared_ptr<TaskRecord>> tasks;
    std::unordered_map<std::string, std::vector<std::shared_ptr<TaskRecord>>> by_id;
    int64_t next_pid = 2000;
  };

  std::shared_ptr<TaskRecord> make_record(const NodeName& node, const Caller& caller,
                                          const Job& job);
  void keep(const std::shared_ptr<TaskRecord>& record);
  void forget_oldest(Node& node);
  Async<Status> supervise(std::shared_ptr<Active> active, Job job);
  Async<Status> run(std::shared_ptr<Active> active, Job& job, Worker& worker);
  Async<Status> misbehave(Active& active, Worker& worker);
  void finish(Active& active, const Worker& worker, const Status& status,
              const std::string& prefix);
  void end(Active& active, std::string exit);

  async::Clock& clock_;
  Random& random_;
  Executor executor_;
  Faults& faults_;
  ConfigLocks locks_;
  async::Group group_;
  bool stopping_ = false;
  std::map<NodeName, Node> nodes_;
  std::unordered_map<std::string, std::shared_ptr<TaskRecord>> by_upid_;
  std::map<std::string, std::shared_ptr<Active>> active_;  // by UPID
  std::function<void(const TaskRecord&)> observer_;
};

// "2026-11-20 21:30:08", as logs begin their lines.
std::string log_time(Time time);
// The text of an UPID's parts, upper-case hexadecimal as Proxmox writes it.
Upid make_upid(const TaskRecord& record);

}  // namespace gantry::lab
