#include <filesystem>

#include <unistd.h>

#include "cmd/gantry-lab/world.h"
#include "pkg/async/blocking_pool.h"
#include "pkg/base/log.h"
#include "pkg/http/beast/server.h"
#include "pkg/lab/lxc/backend.h"
#include "pkg/lab/lxc/network.h"
#include "pkg/lab/lxc/repository.h"
#include "pkg/lab/sshd/sshd.h"

namespace gantry::labd {
namespace {

namespace fs = std::filesystem;
using http::beast::Server;

constexpr uint16_t kAptPort = 3142;  // apt-cacher's; any other when somebody listens everywhere

class LxcWorld final : public World {
 public:
  LxcWorld(lab::lxc::PrivateNetwork network, lab::lxc::Instance instance,
           lab::lxc::Repository repository)
      : network_(std::move(network)),
        instance_(std::move(instance)),
        repository_(std::move(repository)),
        handler_(repository_.folder, files_) {}

  Status open(std::vector<lab::lxc::Template> templates, Executor executor, async::Clock& clock,
              async::Group& services) {
    GANTRY_TRY(serve(executor, clock, services));
    lab::lxc::BackendOptions options{.instance = instance_,
                                     .bridges = {{"vmbr0", network_.bridge()}},
                                     .nameserver = network_.subnet().host(),
                                     .templates = std::move(templates),
                                     .apt_source = repository_.source(apt_url())};
    backend_ = std::make_unique<lab::lxc::LxcBackend>(std::move(options));
    return {};
  }

  lab::Backend& backend() override { return *backend_; }
  Json facts() const override {
    Json json;
    json.set("bridge", network_.bridge());
    json.set("subnet", network_.subnet().cidr());
    json.set("aptUrl", apt_url());
    json.set("instance", instance_.name);
    return json;
  }
  void stop_serving() override { server_->stop(); }
  void close(bool keep) override {
    backend_.reset();
    if (!keep) lab::lxc::remove_containers(instance_);
    network_.stop();
    if (!keep) lab::lxc::remove_network(instance_);
  }

 private:
  Status serve(Executor executor, async::Clock& clock, async::Group& services) {
    http::beast::ServerOptions options;
    options.address = network_.subnet().host();
    options.port = kAptPort;
    auto made = Server::make(executor, clock, options, handler_);
    if (!made.ok()) {
      options.port = 0;
      made = Server::make(executor, clock, options, handler_);
    }
    GANTRY_TRY(made.status());
    server_ = std::move(*made);
    services.spawn("apt repository", [this] { return server_->run(); });
    return {};
  }
  std::string apt_url() const {
    return absl::StrFormat("http://%s:%d/", network_.subnet().host(), server_->port());
  }

  lab::lxc::PrivateNetwork network_;
  lab::lxc::Instance instance_;
  lab::lxc::Repository repository_;
  async::BlockingPool files_{"apt files", 2, 256};
  lab::lxc::FileHandler handler_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<lab::lxc::LxcBackend> backend_;
};

}  // namespace

Result<std::unique_ptr<World>> make_lxc_world(const Options& options, Executor executor,
                                              async::Clock& clock, async::Group& services,
                                              std::shared_ptr<const lab::lxc::StopSignal> stop) {
  if (geteuid() != 0)
    return make_error(ErrorClass::permission, "real containers need root: use sudo, or memory");
  const auto cache = options.cache.empty() ? lab::lxc::default_cache() : options.cache;
  GANTRY_TRY(lab::lxc::ensure_id_maps());
  GANTRY_TRY_ASSIGN(auto instance, lab::lxc::Instance::at(options.state));
  GANTRY_TRY_ASSIGN(auto base, lab::lxc::ensure_debian_12(cache, stop));
  GANTRY_TRY_ASSIGN(auto repository,
                    lab::lxc::ensure_repository(cache, base, options.packages, stop));
  GANTRY_TRY_ASSIGN(auto network, lab::lxc::PrivateNetwork::start(instance));
  auto world =
      std::make_unique<LxcWorld>(std::move(network), std::move(instance), std::move(repository));
  std::vector<lab::lxc::Template> templates{std::move(base)};
  for (const auto& archive : options.templates)
    templates.push_back({fs::path(archive).filename().string(), archive, ""});
  GANTRY_TRY(world->open(std::move(templates), executor, clock, services));
  return world;
}

Status clean_up(const std::string& state) {
  std::error_code code;
  if (!fs::is_directory(state, code)) return {};  // nothing is left then
  if (!fs::exists(fs::path(state) / "control.token") && !fs::exists(fs::path(state) / "subnet"))
    return not_found("%s is no state folder of a lab", state);
  GANTRY_TRY_ASSIGN(const auto instance, lab::lxc::Instance::at(state));
  lab::lxc::remove_containers(instance);
  lab::lxc::remove_network(instance);
  for (const auto& entry : fs::directory_iterator(instance.folder + "/ssh", code))
    lab::remove_sshd(entry.path().string());
  for (const auto* part : {"ssh", "run", "pve", "tls", "bin", "lxc", "volumes", "subnet",
                           "lab.json", "control.token", "token.secret"})
    fs::remove_all(instance.folder + "/" + part, code);
  fs::remove(instance.folder, code);  // only when nobody else put anything there
  return {};
}

}  // namespace gantry::labd
