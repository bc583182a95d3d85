#pragma once
// Jobs: the bootstraps under way, at most one a Machine. A reconcile starts one and looks at it; it
// never waits for it.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controllers/app/bootstrap/bootstrap.h"
#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/base/ids.h"

namespace gantry::controllers::app {

// What is known about the inside of one Machine's container; only a hint that is lost with the
// process: then everything is probed once more.
struct Inside {
  // Which container was brought to which revision: another container or revision means work.
  std::string verified_container;
  std::string verified_revision;
  Time bootstrapped_at;
  std::vector<UsedImage> images;  // by which it runs
  std::string tried_revision;     // by the running or last bootstrap
  int failures = 0;               // of its bootstraps, in a row
  bool disturbed = false;         // one has stopped what ran; until somebody takes note
  std::optional<Time> retry_at;
  std::optional<Time> probed_at;
  std::string heard;  // the newest callback that was seen
  std::optional<Time> reach_asked_at;
  std::optional<Time> ports_asked_at;
  std::optional<std::set<int>> loopback;  // ports that only it reaches; absent: not known
  std::optional<Status> reach;  // whether it could call back, by its own word; absent: not asked

  bool running = false;
  Progress progress;  // of the running or last bootstrap
  Time step_started;
  Status last_error;

  // What has happened since somebody last took them: for events.
  struct Deed {
    std::string text;
    bool failed = false;
    std::string code = {};  // of the failure catalogue, or empty
  };
  std::vector<Deed> deeds;
};

class Jobs {
 public:
  Jobs(async::Clock& clock, Executor executor);

  // Keeps children until cancelled; a service of the manager.
  Async<Status> run();

  // What is known; made when new.
  Inside& inside(const Uid& machine);
  void forget(const Uid& machine);
  // Starts a bootstrap. Requires that none is running for that Machine. `prove` runs first and
  // must answer OK.
  void start(const Uid& machine, std::string container, Guest guest, ResolvedWorkload workload,
             std::function<Async<Status>()> prove);
  // Lets `ask` find out whether a container could call back; few at a time, for each may wait until
  // nobody has answered: with too many under way nothing happens.
  void ask_for_reach(const Uid& machine, std::function<Async<Status>()> ask);
  // Lets `ask` find out which ports only a container itself reaches.
  using AskPorts = std::function<Async<Result<std::set<int>>>()>;
  void ask_for_ports(const Uid& machine, AskPorts ask);

 private:
  Async<Status> work(Uid machine, std::string container, Guest guest, ResolvedWorkload workload,
                     std::function<Async<Status>()> prove);
  void finish(const Uid& machine, const std::string& container, const std::string& revision,
              Status result);

  Async<Status> find_reach(Uid machine, std::function<Async<Status>()> ask);
  Async<Status> find_ports(Uid machine, AskPorts ask);

  async::Clock& clock_;
  async::Group group_;
  async::Event never_;
  std::map<Uid, Inside> insides_;
  int asked_for_reach_ = 0;  // now
};

}  // namespace gantry::controllers::app
