// pve::HttpClient keeps pve::Client's contract against the lab's HTTP door, as a token with the
// least privileges.
#include "pkg/http/memory/client.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/memory/memory.h"
#include "pkg/pve/conformance/world.h"
#include "pkg/pve/http/http_client.h"

namespace gantry {
namespace {

class LabWorld final : public pve::conformance::World {
 public:
  explicit LabWorld(lab::PveVersion version)
      : backend_(clock_, random_, lab::MemoryOptions()),
        lab_(options(version), clock_, random_, backend_, loop().executor()) {
    endpoint_ = http::memory::make_client(clock_, lab_.handler());
    client_ = std::make_unique<pve::HttpClient>(as(lab_.set_up_least_privilege("gantry")));
    (void)lab_.add_user("nobody@pve");
    const auto token = lab_.add_token("nobody@pve", "none", false);
    stranger_ = std::make_unique<pve::HttpClient>(as(token.value_or(lab::Token())));
  }
  ~LabWorld() override {
    auto stop = [this]() -> Async<Status> {
      co_await lab_.stop();
      co_return Status();
    };
    (void)run(stop());
  }

  pve::Client& client() override { return *client_; }
  pve::Client& stranger() override { return *stranger_; }
  async::Clock& clock() override { return clock_; }
  async::SimulatedClock* simulated() override { return &clock_; }
  NodeName node() override { return NodeName("pve1"); }
  StorageId storage() override { return StorageId("local"); }
  pve::Parameters small_container() override {
    return {{"ostemplate", "local:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz"},
            {"rootfs", "local:1"},
            {"pool", "gantry"},
            {"memory", "256"},
            {"net0", "name=eth0,bridge=vmbr0,ip=dhcp"},
            {"unprivileged", "1"}};
  }
  VmId new_vmid() override { return VmId(next_vmid_++); }
  void set_lock(VmId vmid, std::string lock) override { (void)lab_.set_lock(vmid, lock); }

 private:
  static lab::Options options(lab::PveVersion version) {
    auto options = lab::single_node();
    options.version = version;
    return options;
  }
  pve::ClientOptions as(const lab::Token& token) {
    pve::ClientOptions options;
    options.endpoints.push_back({"pve1", endpoint_});
    options.credentials = pve::TokenCredentials{token.id, token.secret};
    options.clock = &clock_;
    return options;
  }

  async::SimulatedClock clock_{from_unix_seconds(1795200000)};
  SeededRandom random_{42};
  lab::MemoryBackend backend_;
  lab::Lab lab_;
  std::shared_ptr<http::Client> endpoint_;
  std::unique_ptr<pve::HttpClient> client_, stranger_;
  int64_t next_vmid_ = 20000;
};

const bool kRegistered =
    pve::conformance::register_tests(
        "Http92", [] { return std::make_unique<LabWorld>(lab::PveVersion::v9_2); }) &&
    pve::conformance::register_tests(
        "Http84", [] { return std::make_unique<LabWorld>(lab::PveVersion::v8_4); });

}  // namespace
}  // namespace gantry
