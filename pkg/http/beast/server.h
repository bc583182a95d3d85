#pragma once
// The HTTP server over real sockets.
#include <memory>
#include <optional>
#include <string>

#include "pkg/async/clock.h"
#include "pkg/http/http.h"

namespace gantry::http::beast {

// Who the server is, and whose client certificates it believes.
struct TlsIdentity {
  std::string certificate_chain_pem;  // leaf first
  std::string key_pem;
  std::string client_ca_pem;  // empty: client certificates are not asked for
};

struct ServerLimits {
  size_t connections_max = 1024;                       // further ones wait in the kernel's backlog
  uint32_t header_bytes = 64 * 1024;                   // 431 beyond
  uint64_t body_bytes = uint64_t{8} * 1024 * 1024;     // 413 beyond
  Duration header_timeout = std::chrono::seconds(10);  // handshake, then each head; 408
  Duration idle_timeout = std::chrono::seconds(120);   // between requests, or within a body
  Duration write_timeout = std::chrono::seconds(30);   // for each 256 KiB of an answer
  Duration drain = std::chrono::seconds(10);           // for requests under way after stop()
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;               // 0: the kernel chooses
  std::optional<TlsIdentity> tls;  // nullopt: plain HTTP, for loopback and metrics
  ServerLimits limits;
};

// HTTP/1.1 with keep-alive, pipelining, chunked streams and "Expect: 100-continue". One coroutine
// a connection. Not thread-safe: everything runs on `executor`.
//
// What it answers by itself: 400 no HTTP, 408 too slow, 413 and 431 too large, 500 the handler
// failed or gave no answer, 503 while stopping, 505 not HTTP/1.x.
class Server {
 public:
  // Listens at once. `clock` and `handler` must outlive the server. kInvalid for an address or
  // certificate that cannot be read, Transport when the address cannot be bound.
  static Result<std::unique_ptr<Server>> make(Executor executor, async::Clock& clock,
                                              ServerOptions options, Handler& handler);
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;
  // Serves until stop(), and returns when the last connection is closed. When the caller is
  // cancelled all connections are closed at once. Call once; destroy the server only after it.
  virtual Async<Status> run() = 0;
  // Accepts nothing more, ends streams and idle connections now, gives other requests the drain
  // time. run() returns after that.
  virtual void stop() = 0;
  // New connections use this identity. kInvalid changes nothing. Only for a server made with TLS.
  virtual Status set_tls(const TlsIdentity& identity) = 0;
};

}  // namespace gantry::http::beast
