#include "pkg/http/beast/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "pkg/http/beast/tls.h"

namespace gantry::http::beast {
namespace {

using ErrorCode = boost::system::error_code;
using TlsStream = asio::ssl::stream<Socket>;

// Kept by each connection. Requests are short, answers may be long.
constexpr size_t kServerReadBytes = 2 * 1024;
constexpr size_t kClientReadBytes = 16 * 1024;

// What plain and TLS connections have in common: `Stream` is a Socket or a TlsStream.
template <class Stream>
class StreamConnection : public Connection {
 public:
  StreamConnection(Stream stream, size_t read_bytes)
      : stream_(std::move(stream)), read_bytes_(read_bytes) {
    ErrorCode ignored;
    stream_.lowest_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  Async<Result<size_t>> read(std::string& buffer) override {
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
    space_.resize(read_bytes_);
    const auto space = asio::buffer(space_);
    ErrorCode code;
    const auto count =
        co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, code));
    if (code == asio::error::eof) co_return size_t{0};
    if (code) co_return socket_error("read", code);
    buffer.append(space_, 0, count);
    co_return count;
  }

  Async<Status> write(std::string bytes) override {
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
    const auto data = asio::buffer(bytes);
    ErrorCode code;
    co_await asio::async_write(stream_, data, asio::redirect_error(asio::use_awaitable, code));
    co_return socket_error("write", code);
  }

  void close() override {
    ErrorCode ignored;
    stream_.lowest_layer().close(ignored);
  }

  bool is_quiet() override {
    char byte = 0;
    const auto socket = stream_.lowest_layer().native_handle();
    const auto count = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  Peer peer() const override {
    ErrorCode gone;
    const auto address = stream_.lowest_layer().remote_endpoint(gone).address();
    Peer peer;
    if (gone) return peer;
    const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
    peer.address = mapped
                       ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string()
                       : address.to_string();
    return peer;
  }

 protected:
  Stream stream_;
  size_t read_bytes_;
  std::string space_;
};

class PlainConnection final : public StreamConnection<Socket> {
 public:
  using StreamConnection::StreamConnection;
  Async<Status> handshake() override { co_return Status(); }
  Async<Status> shutdown() override {
    ErrorCode code;
    stream_.shutdown(Socket::shutdown_send, code);
    co_return socket_error("shut down", code);
  }
};

class TlsConnection : public StreamConnection<TlsStream> {
 public:
  using StreamConnection::StreamConnection;
  Async<Status> shutdown() override {
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
    ErrorCode code;
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, code));
    co_return socket_error("shut down", code);
  }

 protected:
  Async<Status> shake_hands(TlsStream::handshake_type side) {
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
    ErrorCode code;
    co_await stream_.async_handshake(side, asio::redirect_error(asio::use_awaitable, code));
    co_return socket_error("TLS handshake", code);
  }
};

class ServerConnection final : public TlsConnection {
 public:
  ServerConnection(Socket socket, std::shared_ptr<asio::ssl::context> context)
      : TlsConnection(TlsStream(std::move(socket), *context), kServerReadBytes),
        context_(std::move(context)) {}
  Async<Status> handshake() override { co_return co_await shake_hands(TlsStream::server); }
  Peer peer() const override {
    auto peer = TlsConnection::peer();
    // The accessor is not const although reading a certificate changes nothing.
    read_peer_certificate(const_cast<TlsStream&>(stream_).native_handle(), peer);
    return peer;
  }

 private:
  std::shared_ptr<asio::ssl::context> context_;
};

class ClientConnection final : public TlsConnection {
 public:
  ClientConnection(Socket socket, std::shared_ptr<ClientTls> tls)
      : TlsConnection(TlsStream(std::move(socket), tls->context), kClientReadBytes),
        tls_(std::move(tls)) {}
  Status prepare(const std::string& host) {
    return prepare_verification(stream_.native_handle(), host, &refusal_);
  }
  Async<Status> handshake() override {
    const Status status = co_await shake_hands(TlsStream::client);
    if (!refusal_.ok()) co_return refusal_;
    co_return status;
  }

 private:
  std::shared_ptr<ClientTls> tls_;
  Status refusal_;
};

bool is_tls(const ErrorCode& code) {
  return code.category() == asio::error::get_ssl_category() ||
         (code.category() == asio::ssl::error::get_stream_category() &&
          code != asio::ssl::error::stream_truncated);
}

}  // namespace

std::unique_ptr<Connection> make_plain_connection(Socket socket) {
  return std::make_unique<PlainConnection>(std::move(socket), kClientReadBytes);
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
