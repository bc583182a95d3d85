#pragma once
// TlsStream: TLS over a socket that never blocks, step by step.
#include <optional>
#include <string_view>

#include <openssl/ssl.h>

#include "pkg/http/beast/connection.h"

namespace gantry::http::beast {

// What a step on a socket came to: so many bytes, or what the socket must be ready for before the
// same step is tried again, or why it failed.
struct Step {
  size_t count = 0;
  std::optional<Socket::wait_type> wait_for;
  boost::system::error_code code;
};

// OpenSSL reads from the socket and writes to it itself: a record goes from its buffer straight to
// the kernel, and a connection that has nothing under way keeps no buffer.
class TlsStream {
 public:
  enum class Side { client, server };
  // Both must outlive the stream; the socket must be non-blocking.
  TlsStream(Socket& socket, SSL_CTX* context, Side side);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Step handshake();
  // asio::error::eof once the peer has properly ended.
  Step read(char* data, size_t size);
  // At most one record. When it has to wait, the same bytes must be given again.
  Step write(std::string_view bytes);
  // Tells the peer, and is done when he has agreed.
  Step shutdown();
  // Something has been taken from the socket and not been read: it may never become readable.
  bool has_pending() const;
  SSL* native_handle() const { return ssl_; }

 private:
  Step outcome(int result);
  SSL* ssl_;
};

}  // namespace gantry::http::beast
