#pragma once
// Jobs: the turns through the insides of Appliances' containers, at most one each. A reconcile
// starts one and looks at it; it never waits for it.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controllers/appliance/inside/inside.h"
#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/base/ids.h"

namespace gantry::controllers::appliance {

// What is known about one Appliance's inside; a hint that is lost with the process: then everything
// is probed once more.
struct Inside {
  bool running = false;
  guest::Progress progress;          // of the running turn
  std::string tried;                 // what it was to bring about, as text
  std::optional<Findings> findings;  // of the last turn
  Memory memory;                     // of the last looks
  std::string container;             // that they are about
  Status refused;                    // why the last turn could not begin
  std::optional<Time> ended_at;      // by the steady clock
  std::set<Uid> served;              // whose leases the last good turn has put in place
  // The routes that the proxy was last seen to have; and those that the running turn gives it.
  std::vector<api::v1alpha1::ApplianceRoute> routes, next_routes;
  std::vector<std::string> deeds;  // since somebody last took them: for events
};

class Jobs {
 public:
  Jobs(async::Clock& clock, Executor executor);

  // Keeps children until cancelled. Once a term of leading, which may be more than one: with the
  // term its turns end, and nothing starts before the next.
  Async<Status> run();

  Inside& inside(const Uid& appliance);
  void forget(const Uid& appliance);
  // Since when the proxy has that route; absent: it may have another.
  std::optional<Time> served_since(const Uid& appliance,
                                   const api::v1alpha1::ApplianceRoute& route);
  // Requires that none is running for that Appliance. Between two terms: nothing. `prove` runs
  // first and must answer OK; `done` is called at the end, and once the proxy has other routes.
  void start(const Uid& appliance, std::string container, std::string text, guest::Guest guest,
             Wanted wanted, std::function<Async<Status>()> prove, std::function<void()> done);

 private:
  // What the proxy has now, for whoever waits for it. Whether that is news.
  bool note_routes(Inside& inside, const Findings& findings);
  Async<Status> work(Uid appliance, std::string container, guest::Guest guest, Wanted wanted,
                     std::function<Async<Status>()> prove, std::function<void()> done);

  async::Clock& clock_;
  Executor executor_;
  std::unique_ptr<async::Group> group_;
  bool is_open_ = true;
  async::Event never_;
  std::map<Uid, Inside> insides_;
};

}  // namespace gantry::controllers::appliance
