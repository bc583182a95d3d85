#include "pkg/guest/ssh/ssh_channel.h"

#include <algorithm>

#include "pkg/async/deadline.h"
#include "pkg/base/text.h"
#include "pkg/guest/ssh/protocol.h"

namespace gantry::guest::ssh {

// A node's free places and unused sessions. Touched on the calls' executor only.
struct SshChannel::Node {
  explicit Node(size_t sessions) : places(sessions) {}
  struct Idle {
    SessionHandle session;
    Time since;
  };
  async::Semaphore places;
  std::vector<Idle> idle;
};

// What a pool thread works on; alone with it until it is done.
struct SshChannel::Job {
  Endpoint endpoint;
  Request request;
  SessionHandle session;  // in: an idle one or null; out: one that may be used again, or null
  std::shared_ptr<StopSignal> stop = std::make_shared<StopSignal>();
};

Result<std::unique_ptr<SshChannel>> SshChannel::make(Options options, Resolver resolver,
                                                     async::Clock& clock) {
  GANTRY_TRY_ASSIGN(auto key, read_private_key(options.private_key));
  options.private_key.clear();
  return std::unique_ptr<SshChannel>(
      new SshChannel(std::move(options), std::move(key), std::move(resolver), clock));
}

SshChannel::SshChannel(Options options, KeyHandle key, Resolver resolver, async::Clock& clock)
    : options_(std::move(options)),
      key_(std::move(key)),
      known_hosts_(options_.known_hosts),
      resolver_(std::move(resolver)),
      clock_(clock),
      pool_("ssh", options_.threads, options_.queue_max) {}

SshChannel::~SshChannel() {
  for (const auto& signal : running_)
    if (const auto stop = signal.lock()) stop->set();
}

SshChannel::Node& SshChannel::node_of(const NodeName& name) {
  auto& node = nodes_[name];
  if (node == nullptr) node = std::make_unique<Node>(options_.sessions_per_node);
  return *node;
}

SessionHandle SshChannel::take_idle(Node& node) {
  const auto oldest = clock_.now() - options_.idle_max;
  std::erase_if(node.idle, [oldest](const auto& idle) {
    return idle.since < oldest || ssh_is_connected(idle.session.get()) == 0;
  });
  if (node.idle.empty()) return nullptr;
  auto session = std::move(node.idle.back().session);
  node.idle.pop_back();
  return session;
}

namespace {

// Gives the place back however the call ends.
class Place {
 public:
  explicit Place(async::Semaphore& places) : places_(places) {}
  ~Place() { places_.release(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  async::Semaphore& places_;
};

// True for as long as somebody waits for output; the flag outlives the wait.
class Listening {
 public:
  Listening() = default;
  ~Listening() { *flag_ = false; }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  std::shared_ptr<bool> flag() const { return flag_; }

 private:
  std::shared_ptr<bool> flag_ = std::make_shared<bool>(true);
};

// A session that has been idle may be dead; one attempt on it, then a new one. Nothing has been
// sent when opening a channel fails.
Result<ChannelHandle> channel_on(SessionHandle& session,
                                 const std::function<Result<SessionHandle>()>& connect_again) {
  if (session != nullptr) {
    auto channel = open_channel(session.get());
    if (channel.ok()) return channel;
    session.reset();
  }
  GANTRY_TRY_ASSIGN(session, connect_again());
  return open_channel(session.get());
}

// What kept a call from its node, as the failure catalogue calls it.
Status with_way_code(Status status) {
  switch (error_class(status)) {
    case ErrorClass::transport:
      return with_code(std::move(status), "CON-012");
    case ErrorClass::tls:
    case ErrorClass::auth:
      return with_code(std::move(status), "CON-013");
    default:
      return status;
  }
}

bool leaves_session_usable(const Result<Exit>& exit) {
  if (exit.ok()) return true;
  const auto kind = error_class(exit.status());
  return kind != ErrorClass::transport && kind != ErrorClass::cancelled &&
         kind != ErrorClass::timeout;
}

}  // namespace

Async<Result<Exit>> SshChannel::run(std::shared_ptr<Job> job) {
  auto work = [this, job]() -> Result<Exit> {
    const auto connect_again = [this, &job] {
      return connect(job->endpoint, known_hosts_, key_.get(), options_.connect_timeout);
    };
    auto channel = channel_on(job->session, connect_again);
    if (!channel.ok()) {
      job->session.reset();
      return channel.status();
    }
    auto exit = converse(job->session.get(), channel->get(), job->request, *job->stop);
    channel->reset();
    if (!leaves_session_usable(exit)) job->session.reset();
    return exit;
  };
  auto result = co_await pool_.run(std::move(work));
  co_return result;
}

Async<Result<Exit>> SshChannel::request(NodeName name, Request request) {
  GANTRY_CO_TRY_ASSIGN(auto endpoint, resolver_(name));
  auto& node = node_of(name);
  GANTRY_CO_TRY(co_await node.places.acquire());
  const Place place(node.places);

  // Output comes on a pool thread; the caller gets it on its own executor, in order, and nothing
  // any more once this call has ended.
  const auto executor = co_await async::this_executor();
  const Listening listening;
  if (request.sink) {
    request.sink = [executor, open = listening.flag(), sink = std::move(request.sink)](
                       bool is_stderr, std::string piece) {
      executor.execute([open, sink, is_stderr, piece = std::move(piece)] {
        if (*open) sink(is_stderr, piece);
      });
    };
  }
  auto job = std::make_shared<Job>();
  job->endpoint = std::move(endpoint);
  job->request = std::move(request);
  job->session = take_idle(node);
  std::erase_if(running_, [](const auto& signal) { return signal.expired(); });
  running_.push_back(job->stop);

  auto exit = co_await run(job);
  const bool left = !exit.ok() && error_class(exit.status()) == ErrorClass::cancelled;
  if (left) job->stop->set();  // the thread may still be at it, and keeps the session
  if (!left && job->session != nullptr) {
    Node::Idle idle{std::move(job->session), clock_.now()};
    node.idle.push_back(std::move(idle));
  }
  if (!exit.ok()) co_return annotate(with_way_code(exit.status()), "node " + name.get());
  co_return exit;
}

Async<Result<Exit>> SshChannel::exec(Target target, Command command, OutputSink sink) {
  GANTRY_CO_TRY_ASSIGN(auto line, exec_request(target, command));
  Request words;
  words.line = std::move(line);
  if (!command.terminal) words.stdin_text = std::move(command.stdin_text);
  words.timeout = command.timeout;
  words.output_max = command.output_max;
  words.sink = std::move(sink);
  words.terminal = std::move(command.terminal);
  co_return co_await request(target.node, std::move(words));
}

Async<Status> SshChannel::push(Target target, File file) {
  GANTRY_CO_TRY_ASSIGN(auto line, push_request(target, file, kPushTimeout));
  Request words;
  words.line = std::move(line);
  words.stdin_text = std::move(file.content);
  words.timeout = kPushTimeout;
  const auto exit = co_await request(target.node, std::move(words));
  if (!exit.ok()) co_return exit.status();
  if (exit->code == 0) co_return Status();
  co_return error(ErrorClass::remote, "node %s: container %d: write %s: %s", target.node.get(),
                  target.vmid.get(), file.path, std::string(trim(exit->err)));
}

Async<Status> SshChannel::unlock(Target target, Upid create_task) {
  GANTRY_CO_TRY_ASSIGN(auto line, unlock_request(target, create_task));
  Request words;
  words.line = std::move(line);
  words.timeout = kUnlockTimeout;
  const auto exit = co_await request(target.node, std::move(words));
  if (!exit.ok()) co_return exit.status();
  if (exit->code == 0) co_return Status();
  co_return error(ErrorClass::remote, "node %s: unlock container %d: %s", target.node.get(),
                  target.vmid.get(), std::string(trim(exit->err)));
}

Async<Result<std::vector<VmId>>> SshChannel::guests_on(NodeName node, std::string bridge) {
  GANTRY_CO_TRY_ASSIGN(auto line, guests_on_request(bridge));
  Request words;
  words.line = std::move(line);
  words.timeout = kUnlockTimeout;
  words.output_max = 1 << 20;
  const auto exit = co_await request(node, std::move(words));
  if (!exit.ok()) co_return exit.status();
  if (exit->code == 0 && !exit->truncated) co_return read_guests_on(exit->out);
  co_return error(ErrorClass::remote, "node %s: who is on %s: %s", node.get(), bridge,
                  std::string(trim(exit->err)));
}

}  // namespace gantry::guest::ssh
