// The in-process door against the contract of every pve::Client.
#include "pkg/lab/lab.h"
#include "pkg/lab/memory/memory.h"
#include "pkg/pve/conformance/world.h"

namespace gantry::lab {
namespace {

class InProcessWorld final : public pve::conformance::World {
 public:
  InProcessWorld()
      : backend_(clock_, random_, {}),
        lab_(single_node(), clock_, random_, backend_, loop().executor()),
        client_(lab_.client(lab_.set_up_least_privilege("gantry").id)) {
    (void)lab_.add_user("nobody@pve");
    stranger_ = lab_.client(lab_.add_token("nobody@pve", "none", false)->id);
  }
  ~InProcessWorld() override { (void)run(stop()); }

  pve::Client& client() override { return *client_; }
  pve::Client& stranger() override { return *stranger_; }
  async::Clock& clock() override { return clock_; }
  async::SimulatedClock* simulated() override { return &clock_; }
  NodeName node() override { return NodeName("pve1"); }
  pve::Parameters small_container() override {
    return {{"ostemplate", "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst"},
            {"rootfs", "local:1"},
            {"pool", "gantry"},
            {"unprivileged", "1"}};
  }
  StorageId storage() override { return StorageId("local"); }
  VmId new_vmid() override { return VmId(next_++); }
  void set_lock(VmId vmid, std::string lock) override { (void)lab_.set_lock(vmid, lock); }

 private:
  Async<Status> stop() {
    co_await lab_.stop();
    co_return Status();
  }

  async::SimulatedClock clock_{from_unix_seconds(1795209600)};
  SeededRandom random_{1};
  MemoryBackend backend_;
  Lab lab_;
  std::unique_ptr<pve::Client> client_, stranger_;
  int64_t next_ = 20000;
};

const bool registered = pve::conformance::register_tests(
    "InProcess", [] { return std::make_unique<InProcessWorld>(); });

}  // namespace
}  // namespace gantry::lab
