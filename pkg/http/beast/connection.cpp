#include "pkg/http/beast/connection.h"

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

#include "pkg/http/beast/tls.h"
#include "pkg/http/beast/tls_stream.h"

namespace gantry::http::beast {
namespace {

using ErrorCode = boost::system::error_code;

constexpr size_t kReadBytes = 16 * 1024;  // a TLS record's
// Who writes more than this at once lets others run in between.
constexpr size_t kTurn = 64 * 1024;

// What plain and TLS connections have in common. What the socket takes at once costs no wait: most
// answers and events are one call into the kernel.
class SocketConnection : public Connection {
 public:
  explicit SocketConnection(Socket socket) : socket_(std::move(socket)) {
    ErrorCode ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
  }

  Async<Result<size_t>> read(std::string& buffer) override {
    Step step;
    // Nothing is tried before it can succeed: a peer that sends all the time gets no more turns
    // than others.
    if (!has_pending()) step.wait_for = Socket::wait_read;
    while (step.count == 0) {
      if (step.wait_for) {
        const auto code = co_await ready(*step.wait_for);
        if (code) co_return socket_error("read", code);
      }
      step = append_some(buffer);
      if (step.code == asio::error::eof) co_return size_t{0};
      if (step.code) co_return socket_error("read", step.code);
    }
    co_return step.count;
  }

  Async<Status> write(std::string bytes) override {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return async::cancelled();
    size_t turn = 0;
    for (std::string_view rest = bytes; !rest.empty();) {
      const auto step = write_some(rest);
      if (step.code) co_return socket_error("write", step.code);
      rest.remove_prefix(step.count);
      turn += step.count;
      if (step.wait_for) {
        const auto code = co_await ready(*step.wait_for);
        if (code) co_return socket_error("write", code);
        turn = 0;
      } else if (turn >= kTurn) {
        co_await async::yield();
        turn = 0;
      }
    }
    co_return Status();
  }

  void close() override {
    ErrorCode ignored;
    socket_.close(ignored);
  }

  bool is_quiet() override {
    char byte = 0;
    const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !has_pending();
  }

  Peer peer() const override {
    ErrorCode gone;
    const auto address = socket_.remote_endpoint(gone).address();
    Peer peer;
    if (gone) return peer;
    const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
    peer.address = mapped
                       ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string()
                       : address.to_string();
    return peer;
  }

 protected:
  virtual Step read_some(char* data, size_t size) = 0;
  virtual Step write_some(std::string_view bytes) = 0;
  virtual bool has_pending() const { return false; }

  // Until the socket is ready for that. The code says why it never will be.
  Async<ErrorCode> ready(Socket::wait_type what) {
    const auto state = co_await asio::this_coro::cancellation_state;
    ErrorCode code = asio::error::operation_aborted;
    if (state.cancelled() != asio::cancellation_type::none) co_return code;
    co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, code));
    co_return code;
  }

  Socket socket_;

 private:
  // By way of the stack, so that a connection keeps no room for what may come.
  Step append_some(std::string& buffer) {
    std::array<char, kReadBytes> space;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto step = read_some(space.data(), space.size());
    buffer.append(space.data(), step.count);
    return step;
  }
};

class PlainConnection final : public SocketConnection {
 public:
  using SocketConnection::SocketConnection;
  Async<Status> handshake() override { co_return Status(); }
  Async<Status> shutdown() override {
    ErrorCode code;
    socket_.shutdown(Socket::shutdown_send, code);
    co_return socket_error("shut down", code);
  }

 protected:
  Step read_some(char* data, size_t size) override {
    Step step;
    step.count = socket_.read_some(asio::buffer(data, size), step.code);
    return waiting(step, Socket::wait_read);
  }
  Step write_some(std::string_view bytes) override {
    Step step;
    step.count = socket_.write_some(asio::buffer(bytes), step.code);
    return waiting(step, Socket::wait_write);
  }

 private:
  static Step waiting(Step step, Socket::wait_type what) {
    if (step.code != asio::error::would_block) return step;
    step.code.clear();
    step.wait_for = what;
    return step;
  }
};

class TlsConnection : public SocketConnection {
 public:
  TlsConnection(Socket socket, SSL_CTX* context, TlsStream::Side side)
      : SocketConnection(std::move(socket)), tls_(socket_, context, side) {}

  Async<Status> handshake() override {
    return to_the_end("TLS handshake", [this] { return tls_.handshake(); });
  }
  Async<Status> shutdown() override {
    return to_the_end("shut down", [this] { return tls_.shutdown(); });
  }

 protected:
  Step read_some(char* data, size_t size) override { return tls_.read(data, size); }
  Step write_some(std::string_view bytes) override { return tls_.write(bytes); }
  bool has_pending() const override { return tls_.has_pending(); }

  TlsStream tls_;

 private:
  Async<Status> to_the_end(std::string what, std::function<Step()> one) {
    auto step = one();
    while (step.wait_for) {
      const auto code = co_await ready(*step.wait_for);
      if (code) co_return socket_error(what, code);
      step = one();
    }
    co_return socket_error(what, step.code);
  }
};

class ServerConnection final : public TlsConnection {
 public:
  ServerConnection(Socket socket, std::shared_ptr<asio::ssl::context> context)
      : TlsConnection(std::move(socket), context->native_handle(), TlsStream::Side::server),
        context_(std::move(context)) {}
  Peer peer() const override {
    auto peer = TlsConnection::peer();
    read_peer_certificate(tls_.native_handle(), peer);
    return peer;
  }

 private:
  std::shared_ptr<asio::ssl::context> context_;
};

class ClientConnection final : public TlsConnection {
 public:
  ClientConnection(Socket socket, std::shared_ptr<ClientTls> tls)
      : TlsConnection(std::move(socket), tls->context.native_handle(), TlsStream::Side::client),
        tls_context_(std::move(tls)) {}
  Status prepare(const std::string& host) {
    return prepare_verification(tls_.native_handle(), host, &refusal_);
  }
  Async<Status> handshake() override {
    const Status status = co_await TlsConnection::handshake();
    if (!refusal_.ok()) co_return refusal_;
    co_return status;
  }

 private:
  std::shared_ptr<ClientTls> tls_context_;
  Status refusal_;
};

bool is_tls(const ErrorCode& code) {
  return code.category() == asio::error::get_ssl_category() ||
         (code.category() == asio::ssl::error::get_stream_category() &&
          code != asio::ssl::error::stream_truncated);
}

}  // namespace

std::unique_ptr<Connection> make_plain_connection(Socket socket) {
  return std::make_unique<PlainConnection>(std::move(socket));
}

std::unique_ptr<Connection> make_server_connection(Socket socket,
                                                   std::shared_ptr<asio::ssl::context> context) {
  return std::make_unique<ServerConnection>(std::move(socket), std::move(context));
}

Result<std::unique_ptr<Connection>> make_client_connection(Socket socket,
                                                           std::shared_ptr<ClientTls> tls,
                                                           const std::string& host) {
  auto connection = std::make_unique<ClientConnection>(std::move(socket), std::move(tls));
  GANTRY_TRY(connection->prepare(host));
  return connection;
}

Status socket_error(std::string_view what, const ErrorCode& code) {
  if (!code) return {};
  // A descriptor that close() took away from under a wait is a cancellation too.
  if (code == asio::error::operation_aborted || code == asio::error::bad_descriptor)
    return async::cancelled();
  const auto error = is_tls(code) ? ErrorClass::tls : ErrorClass::transport;
  return gantry::error(error, "%s: %s", std::string(what), code.message());
}

}  // namespace gantry::http::beast
