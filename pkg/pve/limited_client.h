#pragma once
// LimitedClient: a Client that asks Proxmox no more often than it may.
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "pkg/async/clock.h"
#include "pkg/pve/client.h"
#include "pkg/pve/latency.h"
#include "pkg/pve/token_bucket.h"

namespace gantry::pve {

struct ClientLimits {
  // Whose tasks count, as running ones name him ("gantry@pve!daemon"): also those that an earlier
  // run of ours has started. Empty: only what this client starts.
  std::string user;
  double requests_per_second = 20;
  double burst = 40;
  size_t waiting_max = 1000;
  size_t tasks_per_node = 4;
  // A task that nobody has seen end gives its place back after this.
  Duration task_age_max = std::chrono::hours(2);
  // How long a call without an answer is believed to have started a task that nobody has seen.
  Duration unclear_age_max = std::chrono::minutes(1);
};

// Every read waits for its turn in the bucket. A write does not: it borrows its token, so that what
// the reads before it have proven is not a queue old when it is sent. A call that starts a task
// takes one of the node's places until the task is seen to have ended; when none is free it is
// refused with Overload and a retry-after, and nothing is sent. Tasks on guests are seen through
// task(), tasks() and running_tasks() of this client, and looked up when the places run out. A call
// whose answer was lost keeps its place: the task that it may have started takes it over as soon as
// it is seen.
class LimitedClient final : public Client {
 public:
  LimitedClient(Client& client, async::Clock& clock, ClientLimits limits);

  Async<Result<Version>> version() override;
  Async<Result<Permissions>> permissions() override;
  Async<Result<ClusterStatus>> cluster_status() override;
  Async<Result<Resources>> resources() override;
  Async<Result<std::vector<StorageRow>>> storages(NodeName node) override;
  Async<Result<std::vector<Volume>>> volumes(NodeName node, StorageId storage,
                                             std::string content) override;
  Async<Result<std::vector<std::string>>> bridges(NodeName node) override;
  Async<Result<NodeNetwork>> network(NodeName node) override;
  Async<Result<bool>> is_vmid_free(VmId vmid) override;
  Async<Result<GuestConfig>> guest_config(NodeName node, VmId vmid) override;
  Async<Result<std::vector<PendingChange>>> guest_pending(NodeName node, VmId vmid) override;
  Async<Result<GuestStatus>> guest_status(NodeName node, VmId vmid) override;
  Async<Result<std::vector<GuestInterface>>> guest_interfaces(NodeName node, VmId vmid) override;
  Async<Result<std::vector<Snapshot>>> snapshots(NodeName node, VmId vmid) override;
  Async<Result<bool>> has_feature(NodeName node, VmId vmid, std::string feature) override;
  Async<Result<Task>> task(Upid upid) override;
  Async<Result<std::vector<std::string>>> task_log(Upid upid, int lines) override;
  Async<Result<std::vector<Task>>> tasks(NodeName node, VmId vmid) override;
  Async<Result<std::vector<Task>>> running_tasks(NodeName node) override;

  Async<Result<Upid>> create_guest(NodeName node, VmId vmid, Parameters parameters) override;
  Async<Result<Upid>> clone_guest(NodeName node, VmId source, VmId vmid,
                                  Parameters parameters) override;
  Async<Status> configure_guest(NodeName node, VmId vmid, Parameters set,
                                std::vector<std::string> remove, std::string digest) override;
  Async<Result<Upid>> resize_guest(NodeName node, VmId vmid, std::string disk,
                                   std::string size) override;
  Async<Result<Upid>> give_volume(NodeName node, VolumeGift gift) override;
  Async<Result<Upid>> migrate_guest(NodeName node, VmId vmid, NodeName target,
                                    bool restart) override;
  Async<Result<Upid>> start_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> stop_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> shutdown_guest(NodeName node, VmId vmid, Duration timeout) override;
  Async<Result<Upid>> destroy_guest(NodeName node, VmId vmid, DestroyOptions options) override;
  Async<Result<Upid>> take_snapshot(NodeName node, VmId vmid, std::string name,
                                    std::string description) override;
  Async<Result<Upid>> delete_snapshot(NodeName node, VmId vmid, std::string name) override;
  Async<Result<Upid>> roll_back_guest(NodeName node, VmId vmid, std::string snapshot) override;
  Async<Result<Upid>> back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                    std::string notes) override;
  Async<Status> create_interface(NodeName node, std::string name, Parameters parameters) override;
  Async<Status> delete_interface(NodeName node, std::string name) override;
  Async<Result<Upid>> apply_network(NodeName node) override;

  // Asked once more right before each write is sent: what was allowed may have become wrong while
  // the call waited for its turn. Its error is the call's answer, and nothing is sent.
  void ask_before_writes(std::function<Status()> may_write) { may_write_ = std::move(may_write); }

  // Hears of each call that was sent once it has ended. Not called after this client has gone.
  void on_call(CallObserver hear) { hear_ = std::move(hear); }
  // How long reads took lately, without the wait for their turn: 19 of 20 took no longer. nullopt
  // while there were too few.
  std::optional<Duration> read_p95() const { return reads_.p95(clock_.steady()); }

  // Tasks of ours that are believed to run on that node, calls under way included.
  size_t tasks_on(const NodeName& node) const;

 private:
  struct Unclear {
    std::string id;  // of the guest, or "networking", as tasks name it
    Time since;
  };
  struct Places {
    size_t starting = 0;           // calls under way
    std::map<Upid, Time> running;  // since when
    std::vector<Unclear> unclear;  // calls whose answers were lost
    size_t taken() const { return starting + running.size() + unclear.size(); }
  };
  template <class T>
  Async<Result<T>> limited(const Operation& operation, Async<Result<T>> call);
  // T is a Status or a Result.
  template <class T>
  Async<T> timed(const Operation& operation, Async<T> call);
  // A write that starts no task.
  Async<Status> write(const Operation& operation, Async<Status> call);
  // `id` is what the task will name.
  Async<Result<Upid>> start_task(const Operation& operation, NodeName node, std::string id,
                                 Async<Result<Upid>> call);
  Async<Status> reserve_place(NodeName node);
  Status turn_to_write();
  void forget_old(Places& places) const;
  void saw(const Task& task);
  bool is_work_of_ours(const Task& task) const;

  Client& client_;
  async::Clock& clock_;
  ClientLimits limits_;
  TokenBucket bucket_;
  std::function<Status()> may_write_;
  CallObserver hear_;
  Latencies reads_;
  std::map<NodeName, Places> places_;
};

}  // namespace gantry::pve
