#pragma once
// Manager: starts and stops everything that runs, and lets controllers run only while we lead.
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "pkg/runtime/controller.h"
#include "pkg/runtime/leadership.h"
#include "pkg/store/lease.h"

namespace gantry::runtime {

struct ManagerOptions {
  std::string lease = "gantryd";
  std::string holder;  // unique to this process: host name and a random part
  Duration ttl = std::chrono::seconds(15);
  Duration drain = std::chrono::seconds(5);  // that a graceful stop gives reconciles under way
};

// Something that runs until it is cancelled: a server, a cache, a reflector.
using Service = std::function<Async<Status>()>;
// Asks a service to end by itself, soon: requests under way are finished. Returns at once.
using StopService = std::function<void()>;

// Services run from start to end, whoever leads; they are started in the order in which they were
// added and stopped in the reverse order, after the controllers. Controllers run while the lease is
// held: they are cancelled when it is lost, at the latest when its time to live has passed.
// A service that ends by itself stops the manager. stop() ends everything within `drain`, what
// services that are asked to end take for that (all at once), and what cancelling takes.
class Manager {
 public:
  Manager(Environment environment, store::Leases& leases, ManagerOptions options);

  // Invalid when another controller owns the same kind. The controller outlives the manager.
  Status add(Controller& controller);
  // Without `stop` it is cancelled at the end.
  void add_service(std::string name, Service service, StopService stop = nullptr);

  // Until stop(), or until cancelled (then without drain). The first error of a service, else OK.
  Async<Status> run();
  void stop();

  const Leadership& leadership() const { return leadership_; }
  // What each controller owns, what wakes it, what else it reads and writes, as a Markdown table.
  std::string graph() const;

 private:
  enum class TermEnd { stopped, lost };
  struct Entry {
    std::string name;
    Service run;
    StopService stop;
  };
  Async<Status> serve(const Entry& service);
  Async<Status> lead();
  // Runs the controllers until the lease is lost or we are asked to stop.
  Async<TermEnd> serve_term();
  Async<TermEnd> keep_lease();
  Async<Status> acquire();
  Async<Status> stop_controllers(async::Group& group, bool gently);

  Environment environment_;
  store::Leases& leases_;
  ManagerOptions options_;
  Leadership leadership_;
  std::vector<Controller*> controllers_;
  std::list<Entry> services_;
  async::Event stopping_;
};

}  // namespace gantry::runtime
