#pragma once
// UnreliableChannel: the command channel with outages of its own, and the prober beside it.
#include <functional>
#include <optional>

#include "controllers/app/prober.h"
#include "pkg/async/clock.h"
#include "pkg/base/random.h"
#include "pkg/guest/channel.h"
#include "pkg/lab/memory/memory.h"

namespace gantry::sim {

// What goes wrong on the way to a node's ssh, besides what the lab does. 0 … 1, how often.
struct ChannelFaults {
  double refused = 0;  // nothing is asked
  double hangs = 0;    // … and nobody says so for ten minutes
  double killed = 0;   // the command runs, the answer is lost
};

class UnreliableChannel final : public guest::Channel {
 public:
  UnreliableChannel(guest::Channel& channel, const ChannelFaults& faults, async::Clock& clock,
                    Random& random)
      : channel_(channel), faults_(faults), clock_(clock), random_(random) {}
  Async<Result<guest::Exit>> exec(guest::Target target, guest::Command command,
                                  guest::OutputSink sink) override;
  Async<Status> push(guest::Target target, guest::File file) override;
  Async<Status> unlock(guest::Target target, Upid create_task) override;
  Async<Result<std::vector<VmId>>> guests_on(NodeName node, std::string bridge) override;

 private:
  // Whatever keeps the call from being made.
  Async<Status> reach(NodeName node);
  // What becomes of its answer.
  Status answered(const NodeName& node);

  guest::Channel& channel_;
  const ChannelFaults& faults_;
  async::Clock& clock_;
  Random& random_;
};

// The daemon has no way into the containers' network: the guests are asked.
class NoWayProber final : public controllers::app::Prober {
 public:
  Async<Status> http(std::string address, int port, std::string path, Duration timeout) override;
  Async<Status> tcp(std::string address, int port, Duration timeout) override;
};

}  // namespace gantry::sim
