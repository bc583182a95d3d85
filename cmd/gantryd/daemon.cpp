#include "cmd/gantryd/daemon.h"

#include <array>
#include <csignal>
#include <filesystem>

#include <sys/resource.h>
#include <unistd.h>

#include "cmd/gantryd/callback_check.h"
#include "cmd/gantryd/cluster_instruments.h"
#include "cmd/gantryd/connector.h"
#include "cmd/gantryd/controllers.h"
#include "cmd/gantryd/first_start.h"
#include "cmd/gantryd/guests.h"
#include "cmd/gantryd/identity.h"
#include "cmd/gantryd/instruments.h"
#include "cmd/gantryd/metrics_handler.h"
#include "cmd/gantryd/renewal.h"
#include "cmd/gantryd/security.h"
#include "pkg/apiserver/authz/defaults.h"
#include "pkg/apiserver/server.h"
#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/http/beast/client.h"
#include "pkg/http/beast/server.h"
#include "pkg/metrics/prometheus/registry.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/postgres/postgres.h"

namespace gantry::daemon {
namespace {

// Blocking calls of the store: one listens, the others commit and load.
constexpr size_t kDatabaseThreads = 4;
constexpr size_t kDatabaseQueue = 256;

// For requests under way when the daemon stops. With the controllers' it must be less than
// kStopSeconds.
constexpr Duration kDrain = std::chrono::seconds(3);
// Whoever asked for the end waits ten.
constexpr unsigned kStopSeconds = 9;

// A commit that PostgreSQL does not answer cannot be called off. Nobody was told that it was done,
// and what was told is on disk: ending now loses nothing.
void end_at_once(int) {
  constexpr std::string_view kText =
      "gantryd: PostgreSQL or an ssh server does not answer: ends now\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(1);
}

// Each watch of a client is a connection.
constexpr size_t kConnectionsMax = 4096;

// Every connection is a descriptor; what we may have is what the service manager set.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    log::warn("the limit of open files could not be raised", {{"limit", limit.rlim_max}});
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

Result<store::postgres::PostgresOptions> database_options(const Options& options) {
  store::postgres::PostgresOptions database;
  database.conninfo = options.database;
  database.feed_age_max = std::chrono::hours(options.change_log_hours);
  database.feed_changes_max = options.change_log_max;
  if (!options.database_password_file.empty()) {
    GANTRY_TRY_ASSIGN(database.password, read_file(options.database_password_file));
    while (database.password.ends_with('\n')) database.password.pop_back();
  }
  return database;
}

IdentityOptions identity_options(const Options& options) {
  IdentityOptions identity;
  identity.folder = options.data_folder;
  identity.names = options.names;
  const auto told = http::parse_endpoint(options.callback_url);
  for (const auto& name : {std::string("localhost"), std::string("127.0.0.1"), options.address,
                           told.ok() ? told->host : options.address})
    if (name != "0.0.0.0" && name != "::" &&
        std::ranges::find(identity.names, name) == identity.names.end())
      identity.names.push_back(name);
  identity.certificate_file = options.certificate_file;
  identity.key_file = options.key_file;
  identity.client_ca_file = options.client_ca_file;
  return identity;
}

// Everything that lives as long as the daemon, in the order of construction.
class Daemon {
 public:
  Daemon(const Options& options, async::Loop& loop)
      : options_(options),
        loop_(loop),
        instruments_(metrics_),
        cluster_instruments_(metrics_),
        pool_("postgres", kDatabaseThreads, kDatabaseQueue) {}

  Async<Status> run() {
    GANTRY_CO_TRY(co_await open_store());
    const Status served = co_await serve();
    const Status closed = co_await store_->stop();
    if (!served.ok()) co_return served;
    co_return closed;
  }

  void stop() {
    if (!stopping_) {
      (void)std::signal(SIGALRM, &end_at_once);
      ::alarm(kStopSeconds);
    }
    if (manager_) manager_->stop();
    stopping_ = true;
  }

 private:
  Async<Status> open_store() {
    GANTRY_CO_TRY_ASSIGN(auto database, database_options(options_));
    GANTRY_CO_TRY_ASSIGN(database_, co_await store::postgres::open(std::move(database), pool_));
    std::error_code ignored;  // what cannot be made is told when a file in it cannot be
    std::filesystem::create_directories(options_.data_folder, ignored);
    auto path = options_.secrets_key_file.empty() ? options_.data_folder + "/secrets.key"
                                                  : options_.secrets_key_file;
    GANTRY_CO_TRY_ASSIGN(const auto ring,
                         co_await open_keyring(database_->backend(), std::move(path), random_));
    // Whoever opens our Secrets is one of us: all daemons of an installation have this key.
    callbacks_ = std::make_unique<callback::Tokens>(ring.keys.at(ring.current));
    GANTRY_CO_TRY_ASSIGN(auto sealer, ring.sealer());
    sealed_ =
        std::make_unique<store::SealedBackend>(database_->backend(), std::move(sealer), random_);
    store_ = std::make_unique<store::CachedStore>(loop_.executor(), *sealed_, clock_, random_);
    GANTRY_CO_TRY(co_await store_->start());
    GANTRY_CO_TRY_ASSIGN(const int64_t sealed, co_await sealed_->seal_all());
    if (sealed > 0)
      log::info("sealed Secrets that were plain or sealed with an older key",
                {{"texts", sealed}, {"key", ring.current}});
    co_return Status();
  }

  Async<Status> serve() {
    GANTRY_CO_TRY_ASSIGN(const auto identity,
                         load_identity(identity_options(options_), clock_.now()));
    GANTRY_CO_TRY(make_door());
    GANTRY_CO_TRY(offer_callbacks(identity));
    GANTRY_CO_TRY(make_server(identity));
    const auto url = api_url(options_.address, options_.names, server_->port());
    GANTRY_CO_TRY(co_await ensure_namespaces(*store_));
    GANTRY_CO_TRY(co_await apiserver::ensure_default_roles(*store_));
    const auto kubeconfig = options_.data_folder + "/admin.kubeconfig";
    GANTRY_CO_TRY(co_await ensure_admin(*store_, random_, kubeconfig, url, identity.ca_pem));
    GANTRY_CO_TRY(build_manager());
    manager_->add_service("certificate", [this, identity] {
      return renew_identity(
          identity_options(options_), identity, clock_,
          [this](const http::beast::TlsIdentity& tls) { return server_->set_tls(tls); });
    });
    log::info(
        "gantryd serves",
        {{"url", url}, {"kubeconfig", kubeconfig}, {"installation", database_->installation()}});
    if (stopping_) manager_->stop();
    const Status ended = co_await manager_->run();
    log::info("gantryd has stopped", {{"status", ended}});
    co_return ended;
  }

  // Who is let in, and the book that is kept of it.
  Status make_door() {
    GANTRY_TRY_ASSIGN(auto accounts, load_account_tokens(options_.data_folder));
    accounts_ = std::make_unique<apiserver::AccountTokens>(std::move(accounts));
    GANTRY_TRY_ASSIGN(oidc_, make_oidc(options_, loop_.executor(), clock_));
    GANTRY_TRY_ASSIGN(audit_, make_audit(options_, metrics_));
    return {};
  }

  Status offer_callbacks(const ServerIdentity& identity) {
    if (options_.callback_url.empty()) return {};
    const auto endpoint = http::parse_endpoint(options_.callback_url);
    if (!endpoint.ok()) return annotate(endpoint.status(), "--callback-url");
    if (!endpoint->tls) return invalid("--callback-url %s: must be https", options_.callback_url);
    const auto url = http::to_string(*endpoint);
    offer_ = std::make_unique<controllers::app::CallbackOffer>(
        controllers::app::CallbackOffer{url, identity.ca_pem, *callbacks_});
    http::TlsTrust trust;
    trust.ca_pem = identity.ca_pem;
    callback_check_ = std::make_unique<CallbackCheck>(
        url, http::beast::make_client(loop_.executor(), clock_, *endpoint, trust, {}));
    return {};
  }

  Status make_server(const ServerIdentity& identity) {
    apiserver::ServerOptions api;
    api.version = GANTRY_VERSION;
    // All daemons of an installation take each other's tokens.
    api.continue_key = database_->installation();
    api.find_guest = [this](const Json& machine) -> Result<apiserver::GuestDoor> {
      if (!controllers_) return make_error(ErrorClass::remote, "the daemon is still starting");
      return find_guest(controllers_->clusters(), machine);
    };
    api.readiness.emplace_back("store", [this] { return store_->health(); });
    if (callback_check_)
      api.readiness.emplace_back("callbacks", [this] { return callback_check_->status(); });
    api.callbacks = callbacks_.get();
    api.pages["/metrics"] = [this] { return metrics_page(); };
    api.accounts = accounts_.get();
    api.random = &random_;
    api.oidc = oidc_.get();
    api.audit = audit_.get();
    api_ = std::make_unique<apiserver::Server>(*store_, clock_, metrics_, std::move(api));
    http::beast::ServerOptions listener;
    listener.address = options_.address;
    listener.port = options_.port;
    listener.tls = identity.tls;
    listener.limits.drain = kDrain;
    listener.limits.connections_max = kConnectionsMax;
    GANTRY_TRY_ASSIGN(server_,
                      http::beast::Server::make(loop_.executor(), clock_, listener, *api_));
    if (options_.metrics_address.empty()) return {};
    bare_metrics_ = std::make_unique<BareMetricsHandler>([this] { return metrics_page(); });
    http::beast::ServerOptions plain;
    plain.address = options_.metrics_address;
    plain.port = options_.metrics_port;
    plain.limits.drain = kDrain;
    GANTRY_TRY_ASSIGN(metrics_server_,
                      http::beast::Server::make(loop_.executor(), clock_, plain, *bare_metrics_));
    return {};
  }

  http::Response metrics_page() {
    if (controllers_) cluster_instruments_.look(controllers_->clusters(), clock_.steady());
    return render_metrics(metrics_);
  }

  Status build_manager() {
    const runtime::Environment environment{*store_, clock_, random_, instruments_};
    runtime::ManagerOptions manager;
    manager.holder = host_name() + "-" + random_.suffix(8);
    manager_ = std::make_unique<runtime::Manager>(environment, database_->leases(), manager);
    connector_ = std::make_unique<DaemonConnector>(loop_.executor(), clock_);
    prober_ = std::make_unique<DaemonProber>(loop_.executor(), clock_);
    runtime::EventLimits events;
    events.keep = std::chrono::hours(options_.event_hours);
    controllers_ = std::make_unique<Controllers>(ControllerDependencies{
        loop_.executor(), environment, database_->guests(), *connector_, *prober_,
        database_->installation(), [this] { return manager_->leadership().held(); }, events,
        &cluster_instruments_, offer_.get()});
    add_server("api", *server_);
    if (callback_check_)
      manager_->add_service("callbacks", [this] { return callback_check_->run(clock_); });
    if (audit_) manager_->add_service("audit", [this] { return audit_->run(); });
    if (metrics_server_) add_server("metrics", *metrics_server_);
    return controllers_->add_to(*manager_);
  }

  void add_server(std::string name, http::beast::Server& server) {
    manager_->add_service(
        std::move(name), [&server] { return server.run(); }, [&server] { server.stop(); });
  }

  const Options& options_;
  async::Loop& loop_;
  async::RealClock clock_;
  SystemRandom random_;
  metrics::prometheus::Registry metrics_;
  DaemonInstruments instruments_;
  ClusterInstruments cluster_instruments_;
  async::BlockingPool pool_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::SealedBackend> sealed_;
  std::unique_ptr<store::CachedStore> store_;
  std::unique_ptr<callback::Tokens> callbacks_;
  std::unique_ptr<controllers::app::CallbackOffer> offer_;
  std::unique_ptr<CallbackCheck> callback_check_;
  std::unique_ptr<apiserver::AccountTokens> accounts_;
  std::unique_ptr<apiserver::Oidc> oidc_;
  std::unique_ptr<apiserver::AuditLog> audit_;
  std::unique_ptr<apiserver::Server> api_;
  std::unique_ptr<BareMetricsHandler> bare_metrics_;
  std::unique_ptr<http::beast::Server> server_, metrics_server_;
  std::unique_ptr<DaemonConnector> connector_;
  std::unique_ptr<DaemonProber> prober_;
  std::unique_ptr<runtime::Manager> manager_;
  std::unique_ptr<Controllers> controllers_;
  bool stopping_ = false;
};

}  // namespace

Status run(const Options& options) {
  raise_descriptor_limit();
  async::Loop loop;
  Daemon daemon(options, loop);
  async::Group::on_exception([](const std::string& name, const std::string& what) {
    log::error("a coroutine ended by an exception", {{"name", name}, {"what", what}});
  });
  loop.on_signals({SIGTERM, SIGINT}, [&daemon](int) { daemon.stop(); });
  return loop.block_on(daemon.run());
}

}  // namespace gantry::daemon
