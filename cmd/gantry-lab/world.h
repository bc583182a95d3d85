#pragma once
// World: what the lab's containers are made of and where they live: a backend, and for real ones
// their network and package repository.
#include <memory>
#include <string>
#include <vector>

#include "cmd/gantry-lab/options.h"
#include "pkg/async/clock.h"
#include "pkg/async/group.h"
#include "pkg/base/json.h"
#include "pkg/base/random.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::labd {

class World {
 public:
  virtual ~World() = default;
  virtual lab::Backend& backend() = 0;
  // Facts for lab.json: bridge, subnet, aptUrl; empty texts where there is none.
  virtual Json facts() const = 0;
  // Asks what serves containers to end; the group's children return after that.
  virtual void stop_serving() = 0;
  // Removes containers (unless `keep`) and the network. Blocks for seconds at most.
  virtual void close(bool keep) = 0;
};

// Real containers. Builds what the cache does not have yet, which may take minutes the first time;
// blocks; `stop` calls it off. `services` get the repository's server.
Result<std::unique_ptr<World>> make_lxc_world(const Options& options, Executor executor,
                                              async::Clock& clock, async::Group& services,
                                              std::shared_ptr<const lab::lxc::StopSignal> stop);
// Containers as records in memory.
std::unique_ptr<World> make_memory_world(async::Clock& clock, Random& random);

// Removes what a killed lab left: containers, bridge, dnsmasq, sshd, files. What other labs own is
// not touched. NotFound when the folder is none of a lab's.
Status clean_up(const std::string& state);

}  // namespace gantry::labd
