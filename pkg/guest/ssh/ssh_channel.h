#pragma once
// SshChannel: guest::Channel over SSH, through gantry-shell (deploy/pve) on each node.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pkg/async/blocking_pool.h"
#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/guest/channel.h"
#include "pkg/guest/ssh/conversation.h"
#include "pkg/guest/ssh/session.h"

namespace gantry::guest::ssh {

struct Options {
  std::string private_key;  // OpenSSH text, no passphrase; kept in memory only
  std::string known_hosts;  // text in OpenSSH's form; "[host]:port" where the port is not 22
  Duration connect_timeout = std::chrono::seconds(10);
  Duration idle_max = std::chrono::seconds(60);  // an unused session is closed after that
  size_t sessions_per_node = 4;                  // commands at a time; more wait in order
  size_t threads = 16;                           // commands at a time over all nodes
  size_t queue_max = 256;                        // beyond: Overload
};

// Where a node's sshd is; NotFound for a node nobody has heard of.
using Resolver = std::function<Result<Endpoint>(const NodeName&)>;

// Sessions are kept and used again, one command at a time each; one that has broken is replaced
// before anything is sent. A cancelled call closes its channel, which kills the command. Not
// thread-safe: calls come from one executor; the blocking work happens on threads of its own.
class SshChannel final : public Channel {
 public:
  // Invalid when the key cannot be read.
  static Result<std::unique_ptr<SshChannel>> make(Options options, Resolver resolver,
                                                  async::Clock& clock);
  // Ends what cancelled calls left running. No call may still wait.
  ~SshChannel() override;

  Async<Result<Exit>> exec(Target target, Command command, OutputSink sink) override;
  Async<Status> push(Target target, File file) override;
  Async<Status> unlock(Target target, Upid create_task) override;
  Async<Result<std::vector<VmId>>> guests_on(NodeName node, std::string bridge) override;

 private:
  struct Node;
  struct Job;
  SshChannel(Options options, KeyHandle key, Resolver resolver, async::Clock& clock);
  Async<Result<Exit>> request(NodeName node, Request request);
  Async<Result<Exit>> run(std::shared_ptr<Job> job);
  Node& node_of(const NodeName& name);
  SessionHandle take_idle(Node& node);

  Options options_;
  KeyHandle key_;
  KnownHosts known_hosts_;
  Resolver resolver_;
  async::Clock& clock_;
  std::map<NodeName, std::unique_ptr<Node>> nodes_;
  std::vector<std::weak_ptr<StopSignal>> running_;
  async::BlockingPool pool_;  // last: its jobs use what is above
};

}  // namespace gantry::guest::ssh
