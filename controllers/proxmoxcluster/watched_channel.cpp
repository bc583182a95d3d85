#include "controllers/proxmoxcluster/watched_channel.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

// Drivers give these codes to what kept a call from the node; every other outcome is an answer.
bool is_no_way(const Status& status) {
  const auto code = catalogue_code(status);
  return code == "CON-012" || code == "CON-013";
}

}  // namespace

void WatchedChannel::note(const NodeName& node, const Status& status) {
  if (!status.ok() && error_class(status) == ErrorClass::cancelled) return;
  if (!is_no_way(status)) {
    sight_.answered = true;
    sight_.troubles.erase(node);
    return;
  }
  const auto now = clock_.now();
  auto& trouble =
      sight_.troubles.try_emplace(node, ChannelSight::Trouble{status, now, now}).first->second;
  trouble.why = status;
  trouble.last = now;
}

Async<Result<guest::Exit>> WatchedChannel::exec(guest::Target target, guest::Command command,
                                                guest::OutputSink sink) {
  const auto node = target.node;
  auto exit = co_await channel_->exec(std::move(target), std::move(command), std::move(sink));
  note(node, exit.status());
  co_return exit;
}

Async<Status> WatchedChannel::push(guest::Target target, guest::File file) {
  const auto node = target.node;
  auto pushed = co_await channel_->push(std::move(target), std::move(file));
  note(node, pushed);
  co_return pushed;
}

Async<Status> WatchedChannel::unlock(guest::Target target, Upid create_task) {
  const auto node = target.node;
  auto unlocked = co_await channel_->unlock(std::move(target), std::move(create_task));
  note(node, unlocked);
  co_return unlocked;
}

Async<Result<std::vector<VmId>>> WatchedChannel::guests_on(NodeName node, std::string bridge) {
  auto guests = co_await channel_->guests_on(node, std::move(bridge));
  note(node, guests.status());
  co_return guests;
}

}  // namespace gantry::controllers::proxmoxcluster
