#pragma once
// WatchedChannel: a command channel that remembers to which nodes there was no way.
#include <map>
#include <memory>

#include "pkg/async/clock.h"
#include "pkg/guest/channel.h"

namespace gantry::controllers::proxmoxcluster {

// What is known of the way to the nodes from the calls that were made; nothing is asked for it.
struct ChannelSight {
  struct Trouble {
    Status why;
    Time since;  // the first call in a row that found no way
    Time last;   // … and the last
  };
  // Why there is no channel at all: its Secret is missing or holds no key.
  Status problem;
  std::map<NodeName, Trouble> troubles;
  bool answered = false;  // some node has, ever
};

class WatchedChannel final : public guest::Channel {
 public:
  WatchedChannel(std::unique_ptr<guest::Channel> channel, async::Clock& clock)
      : channel_(std::move(channel)), clock_(clock) {}
  Async<Result<guest::Exit>> exec(guest::Target target, guest::Command command,
                                  guest::OutputSink sink) override;
  Async<Status> push(guest::Target target, guest::File file) override;
  Async<Status> unlock(guest::Target target, Upid create_task) override;
  Async<Result<std::vector<VmId>>> guests_on(NodeName node, std::string bridge) override;
  const ChannelSight& sight() const { return sight_; }

 private:
  void note(const NodeName& node, const Status& status);

  std::unique_ptr<guest::Channel> channel_;
  async::Clock& clock_;
  ChannelSight sight_;
};

}  // namespace gantry::controllers::proxmoxcluster
