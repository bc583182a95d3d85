#include "pkg/http/beast/server.h"

#include <list>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pkg/async/deadline.h"
#include "pkg/async/event.h"
#include "pkg/base/log.h"
#include "pkg/http/beast/session.h"
#include "pkg/http/beast/tls.h"

namespace gantry::http::beast {
namespace {

using ErrorCode = boost::system::error_code;
using asio::ip::tcp;

constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

class BeastServer final : public Server {
 public:
  BeastServer(Executor executor, async::Clock& clock, ServerOptions options, Handler& handler)
      : executor_(executor),
        clock_(clock),
        options_(std::move(options)),
        handler_(handler),
        acceptor_(executor),
        places_(std::max<size_t>(options_.limits.connections_max, 1)),
        accepting_(executor),
        serving_(executor) {}

  Status listen() {
    ErrorCode code;
    const auto address = asio::ip::make_address(options_.address, code);
    if (code) return invalid("listen: \"%s\" is no IP address", options_.address);
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), code);
    if (!code) acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
    if (!code) acceptor_.bind(endpoint, code);
    if (!code) acceptor_.listen(asio::socket_base::max_listen_connections, code);
    const auto where = options_.address + ":" + std::to_string(options_.port);
    return socket_error("listen on " + where, code);
  }

  uint16_t port() const override {
    ErrorCode ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  Async<Status> run() override {
    accepting_.spawn("http accept", [this] { return accept(); });
    if (stopping_) accepting_.stop();
    Status status = co_await accepting_.join();
    ErrorCode ignored;
    acceptor_.close(ignored);
    stop();
    auto drained = serving_.join();
    const Status left =
        co_await async::with_deadline(clock_, options_.limits.drain, "drain", std::move(drained));
    if (!left.ok()) {
      const bool too_slow = error_class(left) == ErrorClass::timeout;
      if (too_slow) log::warn("connections were cut at the end of the drain time", {});
      // A caller that was cancelled itself has not waited at all: nothing may outlive the server.
      serving_.stop();
      (void)co_await serving_.join();
    }
    co_return status;
  }

  void stop() override {
    stopping_ = true;
    accepting_.stop();
    for (const auto& session : sessions_) session->stop();
  }

  Status set_tls(const TlsIdentity& identity) override {
    GANTRY_TRY_ASSIGN(tls_, make_server_tls(identity));
    return {};
  }

  Status prepare() {
    if (options_.tls) GANTRY_TRY(set_tls(*options_.tls));
    return listen();
  }

 private:
  using Sessions = std::list<std::unique_ptr<Session>>;

  // Until cancelled.
  Async<Status> accept() {
    while (true) {
      GANTRY_CO_TRY(co_await places_.acquire());
      ErrorCode code;
      Socket socket(executor_);
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, code));
      if (!code) {
        serve(std::move(socket));
        continue;
      }
      places_.release();
      if (code == asio::error::operation_aborted) co_return async::cancelled();
      // Out of descriptors, or the peer left before we came: neither is a reason to stop.
      log::warn("a connection could not be accepted", {{"error", code.message()}});
      GANTRY_CO_TRY(co_await clock_.sleep_for(kAcceptPause));
    }
  }

  void serve(Socket socket) {
    auto connection = tls_ ? make_server_connection(std::move(socket), tls_)
                           : make_plain_connection(std::move(socket));
    auto session = std::make_unique<Session>(executor_, clock_, options_.limits,
                                             std::move(connection), handler_);
    const auto at = sessions_.insert(sessions_.end(), std::move(session));
    serving_.spawn("http connection", [this, at] { return serve_to_the_end(at); });
  }

  Async<Status> serve_to_the_end(Sessions::iterator at) {
    const Status status = co_await (*at)->run();
    sessions_.erase(at);
    places_.release();
    co_return status;
  }

  Executor executor_;
  async::Clock& clock_;
  ServerOptions options_;
  Handler& handler_;
  tcp::acceptor acceptor_;
  std::shared_ptr<asio::ssl::context> tls_;
  async::Semaphore places_;
  Sessions sessions_;
  async::Group accepting_;
  async::Group serving_;
  bool stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::make(Executor executor, async::Clock& clock,
                                             ServerOptions options, Handler& handler) {
  auto server =
      std::make_unique<BeastServer>(std::move(executor), clock, std::move(options), handler);
  GANTRY_TRY(server->prepare());
  return server;
}

}  // namespace gantry::http::beast
