#include "cmd/gantry-lab/run.h"

#include <filesystem>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/gantry-lab/skipping_clock.h"
#include "cmd/gantry-lab/world.h"
#include "gantry_shell.h"
#include "pkg/async/event.h"
#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/crypto/certificates.h"
#include "pkg/crypto/token.h"
#include "pkg/http/beast/server.h"
#include "pkg/lab/control/client.h"
#include "pkg/lab/control/door.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/lab/sshd/sshd.h"
#include "pkg/schema/json.h"

namespace gantry::labd {
namespace {

namespace fs = std::filesystem;
using http::beast::Server;
using lab::lxc::read_file;
using lab::lxc::write_file;

std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string{c};
  return word + "'";
}

lab::Options model_options(const Options& options, const std::string& state) {
  auto model = options.nodes > 1 ? lab::cluster_of(options.nodes) : lab::single_node();
  model.version = options.version == "8.4" ? lab::PveVersion::v8_4 : lab::PveVersion::v9_2;
  model.state_folder = state + "/pve";
  model.forced_command = false;  // the real one stands before the real channel
  // pvestatd; where waits are skipped it would never stop.
  model.poll_backend = !options.skip_waits;
  if (options.backend != "lxc") return model;
  for (auto& node : model.nodes) {
    node.cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    node.memory = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  }
  for (auto& storage : model.storages) storage.total = 0;
  return model;
}

struct Certificate {
  http::beast::TlsIdentity identity;
  std::string authority_pem;
  std::string fingerprint;
};

// Made once a state folder, so that a pin outlives a restart.
Result<Certificate> server_certificate(const std::string& folder, const Options& options,
                                       Time now) {
  std::error_code code;
  fs::create_directories(folder, code);
  const auto chain = read_file(folder + "/server.pem");
  const auto key = read_file(folder + "/server.key");
  const auto authority = read_file(folder + "/ca.pem");
  Certificate result;
  if (chain.ok() && key.ok() && authority.ok()) {
    result.identity.certificate_chain_pem = *chain;
    result.identity.key_pem = *key;
    result.authority_pem = *authority;
  } else {
    const crypto::Validity validity{now - std::chrono::hours(1),
                                    now + std::chrono::hours(24 * 365)};
    crypto::ServerNames names{.dns = {"localhost"}, .addresses = {"127.0.0.1"}};
    if (options.address != "127.0.0.1") names.addresses.push_back(options.address);
    for (int i = 1; i <= options.nodes; ++i) names.dns.push_back("pve" + std::to_string(i));
    GANTRY_TRY_ASSIGN(const auto ca, crypto::make_authority("gantry-lab", validity));
    GANTRY_TRY_ASSIGN(const auto leaf, crypto::issue_server_certificate(ca, names, validity));
    result.identity.certificate_chain_pem = leaf.certificate_pem;
    result.identity.key_pem = leaf.key_pem;
    result.authority_pem = ca.certificate_pem;
    GANTRY_TRY(write_file(folder + "/ca.pem", result.authority_pem, 0644));
    GANTRY_TRY(write_file(folder + "/server.key", result.identity.key_pem, 0600));
    GANTRY_TRY(write_file(folder + "/server.pem", result.identity.certificate_chain_pem, 0644));
  }
  GANTRY_TRY_ASSIGN(const auto facts,
                    crypto::read_certificate(result.identity.certificate_chain_pem));
  result.fingerprint = facts.fingerprint;
  return result;
}

// The folder is ours (the default one stands where everybody may write) and no lab serves from it.
Status claim(const std::string& state) {
  if (mkdir(state.c_str(), 0755) == 0) return {};
  struct stat facts {};
  if (lstat(state.c_str(), &facts) != 0) return {};  // a parent is missing: made later
  if (!S_ISDIR(facts.st_mode) && !S_ISLNK(facts.st_mode))
    return invalid("state folder %s: is no folder", state);
  if (facts.st_uid != geteuid())
    return make_error(ErrorClass::permission, "state folder " + state + ": is somebody else's");
  const auto running = lab::find_lab(state);
  if (running.ok() && running->pid > 0 && kill(static_cast<pid_t>(running->pid), 0) == 0)
    return already_exists("a lab already runs with %s: stop it, or choose another --state", state);
  return {};
}

Result<lab::FaultProfile> read_profile(const std::string& file) {
  const auto text = read_file(file);
  if (!text.ok()) return invalid("--faults %s: cannot be read", file);
  return lab::parse_profile(*text, file);
}

// A start blocks, for minutes the first time, and nobody listens to signals yet: they end what
// runs.
const std::shared_ptr<const lab::lxc::StopSignal>& start_called_off() {
  static const auto signal = std::make_shared<const lab::lxc::StopSignal>();
  return signal;
}

void call_off_the_start(int) {
  start_called_off()->set();
}

void let_signals_call_off_the_start() {
  (void)start_called_off();    // made before a handler asks for it
  struct sigaction action {};  // without SA_RESTART: waiting for another lab's build ends, too
  action.sa_handler = &call_off_the_start;
  for (const int number : {SIGTERM, SIGINT}) sigaction(number, &action, nullptr);
}

// Everything that runs, in the order in which it is made.
class Running {
 public:
  Running(const Options& options, std::string state)
      : options_(options),
        state_(std::move(state)),
        random_(options.seed ? std::unique_ptr<Random>(new SeededRandom(*options.seed))
                             : std::unique_ptr<Random>(new SystemRandom())),
        services_(loop_.executor()) {}

  Status start() {
    lab::FaultProfile profile;
    if (!options_.faults.empty()) {
      GANTRY_TRY_ASSIGN(profile, read_profile(options_.faults));
    }
    if (options_.skip_waits) {
      services_.spawn("time", [this] { return skipping_.run(); });
    }
    GANTRY_TRY(make_world());
    lab_.emplace(model_options(options_, state_), lab_clock(), *random_, world_->backend(),
                 loop_.executor());
    GANTRY_TRY(loop_.block_on(lab_->open()));
    rehearsal_.emplace(*lab_, clock_, loop_.executor());
    GANTRY_TRY_ASSIGN(certificate_, server_certificate(state_ + "/tls", options_, clock_.now()));
    GANTRY_TRY(open_doors());
    GANTRY_TRY(write_tools());
    GANTRY_TRY(start_sshds());
    rehearsal_->play(profile);
    return announce();
  }

  void serve_until_signal() {
    async::Event stop;
    loop_.on_signals({SIGTERM, SIGINT}, [&stop](int) { stop.set(); });
    if (!start_called_off()->is_set()) (void)loop_.block_on(stop.wait());
  }

  void stop() {
    unlink((state_ + "/lab.json").c_str());
    servers_stop();
    (void)loop_.block_on(end_services());
    sshds_.clear();
    doors_.clear();
    rehearsal_.reset();
    lab_.reset();
    if (world_ != nullptr) world_->close(options_.keep);
    world_.reset();
  }

 private:
  Status make_world() {
    if (options_.backend == "memory") {
      world_ = make_memory_world(lab_clock(), *random_);
      return {};
    }
    GANTRY_TRY_ASSIGN(
        world_, make_lxc_world(options_, loop_.executor(), clock_, services_, start_called_off()));
    return {};
  }

  async::Clock& lab_clock() {
    if (options_.skip_waits) return skipping_;
    return clock_;
  }

  Status open_doors() {
    control_token_ = crypto::make_token(*random_, "gantrylab");
    GANTRY_TRY(write_file(state_ + "/control.token", control_token_ + "\n", 0600));
    for (int i = 1; i <= options_.nodes; ++i) {
      nodes_.emplace_back("pve" + std::to_string(i));
      doors_.push_back(std::make_unique<lab::ControlDoor>(*lab_, world_->backend(), *rehearsal_,
                                                          clock_, control_token_, nodes_.back()));
      http::beast::ServerOptions server;
      server.address = options_.address;
      server.port = i == 1 ? options_.port : uint16_t{0};
      server.tls = certificate_.identity;
      server.limits.body_bytes = uint64_t{128} << 20;
      GANTRY_TRY_ASSIGN(auto made, Server::make(loop_.executor(), clock_, server, *doors_.back()));
      servers_.push_back(std::move(made));
      services_.spawn("api", [running = servers_.back().get()] { return running->run(); });
    }
    return {};
  }

  // gantry-shell, and pct and pvesh as this program under their names.
  Status write_tools() const {
    std::error_code code;
    fs::create_directories(state_ + "/bin", code);
    GANTRY_TRY(write_file(state_ + "/bin/gantry-shell", kGantryShell, 0755));
    for (const std::string tool : {"pct", "pvesh"}) {
      const auto text = "#!/bin/sh\nexec " + shell_word(options_.program) + " " + tool + " " +
                        shell_word(state_) + " \"$@\"\n";
      GANTRY_TRY(write_file(state_ + "/bin/" + tool, text, 0755));
    }
    return {};
  }

  // sshd needs root; without a command channel records are still a Proxmox.
  Status start_sshds() {
    if (options_.backend == "memory" && geteuid() != 0) {
      log::warn("no command channel: sshd needs root");
      return {};
    }
    for (size_t i = 0; i < nodes_.size(); ++i) GANTRY_TRY(start_sshd(i));
    return {};
  }

  Status start_sshd(size_t index) {
    const auto& node = nodes_[index].get();
    const auto whose = options_.installation.empty()
                           ? std::string("--any-installation")
                           : "--installation " + shell_word(options_.installation);
    lab::SshdOptions sshd{
        .folder = state_ + "/ssh/" + node,
        .forced_command = shell_word(state_ + "/bin/gantry-shell") + " " + whose +
                          " --user 'gantry@pve!daemon' --config-folder " +
                          shell_word(state_ + "/pve/nodes/" + node + "/lxc") + " --path " +
                          shell_word(state_ + "/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"),
        .address = "127.0.0." + std::to_string(index + 1),
        .port = index == 0 ? uint16_t{0} : sshds_.front().port(),
        .client_key = state_ + "/ssh/client_key"};
    std::error_code code;
    fs::create_directories(sshd.folder, code);
    GANTRY_TRY_ASSIGN(auto made, lab::Sshd::start(sshd));
    sshds_.push_back(std::move(made));
    return {};
  }

  Json ssh_facts() const {
    Json json = Json::object();
    if (sshds_.empty()) return json;
    Json hosts = Json::object();
    std::string known;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      hosts.set(nodes_[i].get(), "127.0.0." + std::to_string(i + 1));
      known += sshds_[i].known_hosts() + "\n";
    }
    json.set("sshUser", "root");
    json.set("sshPort", int64_t{sshds_.front().port()});
    json.set("sshHosts", std::move(hosts));
    json.set("knownHosts", known);
    json.set("sshKeyFile", sshds_.front().key_file());
    return json;
  }

  Status announce() {
    const auto token = lab_->set_up_least_privilege(options_.pool);
    if (options_.with_network) lab_->allow_bridges();
    GANTRY_TRY(write_file(state_ + "/token.secret", token.secret + "\n", 0600));
    Json json = world_->facts();
    merge_patch(json, ssh_facts());
    Json urls = Json::array();
    for (const auto& server : servers_)
      urls.push_back(absl::StrFormat("https://%s:%d", options_.address, server->port()));
    Json templates = Json::array();
    for (const auto& [name, size] : world_->backend().templates()) templates.push_back(name);
    json.set("url", urls.as_array().front());
    json.set("urls", std::move(urls));
    json.set("fingerprint", certificate_.fingerprint);
    json.set("caFile", state_ + "/tls/ca.pem");
    json.set("tokenId", token.id);
    json.set("tokenSecretFile", state_ + "/token.secret");
    json.set("node", nodes_.front().get());
    json.set("pool", options_.pool);
    json.set("backend", options_.backend);
    json.set("version", options_.version);
    json.set("templates", std::move(templates));
    json.set("pid", int64_t{getpid()});
    GANTRY_TRY(write_file(state_ + "/lab.json", schema::to_pretty_json(json) + "\n", 0644));
    log::info("the lab is ready", {{"url", json.string_or("url", "")}, {"state", state_}});
    return {};
  }

  void servers_stop() {
    for (const auto& server : servers_) server->stop();
    if (world_ != nullptr) world_->stop_serving();
  }

  Async<Status> end_services() {
    if (rehearsal_) (void)co_await rehearsal_->stop();
    if (lab_) co_await lab_->stop();
    services_.stop();
    co_return co_await services_.join();
  }

  const Options& options_;
  std::string state_;
  async::Loop loop_;
  async::RealClock clock_;
  SkippingClock skipping_{clock_};
  std::unique_ptr<Random> random_;
  async::Group services_;
  std::unique_ptr<World> world_;
  std::optional<lab::Lab> lab_;
  std::optional<lab::Rehearsal> rehearsal_;
  Certificate certificate_;
  std::string control_token_;
  std::vector<NodeName> nodes_;
  std::vector<std::unique_ptr<lab::ControlDoor>> doors_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<lab::Sshd> sshds_;
};

}  // namespace

Status run(const Options& options) {
  std::error_code code;
  GANTRY_TRY(claim(options.state));
  fs::create_directories(options.state, code);
  const auto state = fs::canonical(options.state, code);
  if (code) return invalid("state folder %s: %s", options.state, code.message());
  Status outcome;
  let_signals_call_off_the_start();
  {
    Running running(options, state.string());
    outcome = running.start();
    if (outcome.ok()) running.serve_until_signal();
    log::info("stopping");
    running.stop();
  }
  if (!options.keep) {
    if (const auto cleaned = clean_up(state.string()); !cleaned.ok())
      log::warn("not everything was removed", {{"error", cleaned}});
  }
  return outcome;
}

}  // namespace gantry::labd
