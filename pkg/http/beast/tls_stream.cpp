#include "pkg/http/beast/tls_stream.h"

#include <boost/asio/ssl/error.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "pkg/base/check.h"

namespace gantry::http::beast {
namespace {

// OpenSSL's own socket BIO would raise SIGPIPE, and does not notice that the socket was closed.
int descriptor_of(BIO* bio) {
  return static_cast<Socket*>(BIO_get_data(bio))->native_handle();
}

bool must_wait(ssize_t count) {
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int send_to_socket(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto count = ::send(descriptor_of(bio), data, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (must_wait(count)) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int receive_from_socket(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto count = ::recv(descriptor_of(bio), data, static_cast<size_t>(size), 0);
  if (must_wait(count)) BIO_set_retry_read(bio);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(count);
}

long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* make_method() {
  auto* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gantry socket");
  GANTRY_CHECK(method != nullptr);
  BIO_meth_set_write(method, send_to_socket);
  BIO_meth_set_read(method, receive_from_socket);
  BIO_meth_set_ctrl(method, control);
  return method;
}

BIO* make_bio(Socket& socket) {
  static const BIO_METHOD* const kMethod = make_method();
  auto* bio = BIO_new(kMethod);
  GANTRY_CHECK(bio != nullptr);
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

boost::system::error_code last_tls_error() {
  const auto error = ERR_get_error();
  if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return asio::ssl::error::stream_truncated;
  return {static_cast<int>(error), asio::error::get_ssl_category()};
}

}  // namespace

TlsStream::TlsStream(Socket& socket, SSL_CTX* context, Side side) : ssl_(SSL_new(context)) {
  GANTRY_CHECK(ssl_ != nullptr);
  auto* bio = make_bio(socket);
  SSL_set_bio(ssl_, bio, bio);
  // A record is read whole with one call, and buffers are kept only while something is in them.
  SSL_set_read_ahead(ssl_, 1);
  SSL_set_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_set_mode(ssl_, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_mode(ssl_, SSL_MODE_RELEASE_BUFFERS);
  if (side == Side::server)
    SSL_set_accept_state(ssl_);
  else
    SSL_set_connect_state(ssl_);
}

TlsStream::~TlsStream() {
  SSL_free(ssl_);
}

Step TlsStream::handshake() {
  ERR_clear_error();
  return outcome(SSL_do_handshake(ssl_));
}

Step TlsStream::read(char* data, size_t size) {
  ERR_clear_error();
  size_t count = 0;
  const int result = SSL_read_ex(ssl_, data, size, &count);
  if (result == 1) return {count, std::nullopt, {}};
  return outcome(result);
}

Step TlsStream::write(std::string_view bytes) {
  ERR_clear_error();
  size_t count = 0;
  const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &count);
  if (result == 1) return {count, std::nullopt, {}};
  return outcome(result);
}

Step TlsStream::shutdown() {
  ERR_clear_error();
  const int told = SSL_shutdown(ssl_);
  return outcome(told == 0 ? SSL_shutdown(ssl_) : told);
}

bool TlsStream::has_pending() const {
  return SSL_has_pending(ssl_) == 1;
}

Step TlsStream::outcome(int result) {
  const auto from_socket = errno;
  Step step;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_NONE:
      break;
    case SSL_ERROR_WANT_READ:
      step.wait_for = Socket::wait_read;
      break;
    case SSL_ERROR_WANT_WRITE:
      step.wait_for = Socket::wait_write;
      break;
    case SSL_ERROR_ZERO_RETURN:
      step.code = asio::error::eof;
      break;
    case SSL_ERROR_SYSCALL:
      step.code.assign(from_socket, boost::system::system_category());
      if (!step.code) step.code = asio::ssl::error::stream_truncated;
      break;
    default:
      step.code = last_tls_error();
  }
  return step;
}

}  // namespace gantry::http::beast
