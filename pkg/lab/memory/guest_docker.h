#pragma once
// GuestDocker: Docker with Compose v2 inside a container in memory, as far as Gantry uses it.
#include <string>
#include <vector>

#include "pkg/guest/channel.h"
#include "pkg/lab/memory/memory.h"

namespace gantry::lab {

// docker info, pull, tag, ps -a, image inspect, inspect, logs; docker compose version, config (-q,
// --images, --services) and up. Formats are answered as Gantry asks for them, not interpreted. A
// service's containers run at once, or are as the registry says that their image is.
class GuestDocker {
 public:
  GuestDocker(GuestSystem& system, const ImageRegistry& registry)
      : system_(system), registry_(registry) {}
  guest::Exit run(const std::vector<std::string>& words);

 private:
  using Words = std::vector<std::string>;
  // What the options and files of a `docker compose` call say.
  struct Project;
  bool has_package(const std::string& debian, const std::string& alpine) const;
  bool daemon_runs() const;
  guest::Exit run_compose(const Words& words);
  guest::Exit read_project(const Words& words, Project& project) const;
  guest::Exit config(const Project& project) const;
  guest::Exit up(const Project& project);
  guest::Exit pull(const std::string& image);
  guest::Exit list(const Words& words) const;
  guest::Exit tag(const Words& names);
  guest::Exit inspect_image(const Words& words) const;
  guest::Exit list_images() const;
  std::string digest_of(const std::string& image) const;
  void start(const std::string& key, const std::string& image, const std::string& hash);

  GuestSystem& system_;
  const ImageRegistry& registry_;
};

// After the container has started again, what has no restart policy stays down.
void stop_services(GuestDockerState& docker);

}  // namespace gantry::lab
