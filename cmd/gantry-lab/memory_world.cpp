#include "cmd/gantry-lab/world.h"
#include "pkg/lab/memory/memory.h"

namespace gantry::labd {
namespace {

class MemoryWorld final : public World {
 public:
  MemoryWorld(async::Clock& clock, Random& random)
      : backend_(clock, random, lab::MemoryOptions()) {}
  lab::Backend& backend() override { return backend_; }
  Json facts() const override {
    Json json;
    json.set("bridge", "");
    json.set("subnet", "");
    json.set("aptUrl", "");
    return json;
  }
  void stop_serving() override {}
  void close(bool) override {}

 private:
  lab::MemoryBackend backend_;
};

}  // namespace

std::unique_ptr<World> make_memory_world(async::Clock& clock, Random& random) {
  return std::make_unique<MemoryWorld>(clock, random);
}

}  // namespace gantry::labd
