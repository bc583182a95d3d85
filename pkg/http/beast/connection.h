#pragma once
// Connection: one TCP connection, plain or under TLS, as a stream of bytes.
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "pkg/async/clock.h"
#include "pkg/http/http.h"

namespace boost::asio::ssl {
class context;
}

namespace gantry::http::beast {

using Socket = asio::ip::tcp::socket;
struct ClientTls;

// One reader and one writer at a time may wait. Every wait returns kCancelled once its coroutine
// is cancelled or close() was called; other errors are Transport or TLS.
class Connection {
 public:
  virtual ~Connection() = default;
  // The TLS handshake; nothing to do on a plain connection.
  virtual Async<Status> handshake() = 0;
  // Appends what has arrived and returns how much, at least a byte; 0 when the peer has properly
  // ended its side. Others may take from `buffer` meanwhile.
  virtual Async<Result<size_t>> read(std::string& buffer) = 0;
  virtual Async<Status> write(std::string bytes) = 0;
  // Tells the peer that nothing more follows. Under TLS this waits for the peer to agree: bound it.
  virtual Async<Status> shutdown() = 0;
  virtual void close() = 0;
  // Nothing to read and not ended: good for another request.
  virtual bool is_quiet() = 0;
  // Complete after handshake().
  virtual Peer peer() const = 0;
};

std::unique_ptr<Connection> make_plain_connection(Socket socket);
std::unique_ptr<Connection> make_server_connection(Socket socket,
                                                   std::shared_ptr<asio::ssl::context> context);
// kInvalid when the host can stand in no certificate.
Result<std::unique_ptr<Connection>> make_client_connection(Socket socket,
                                                           std::shared_ptr<ClientTls> tls,
                                                           const std::string& host);

// "what: message" with the class of a socket's error.
Status socket_error(std::string_view what, const boost::system::error_code& code);

}  // namespace gantry::http::beast
