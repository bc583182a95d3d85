#include "tests/bench/api/tls_client.h"

#include <algorithm>
#include <cstdlib>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pkg/base/check.h"

namespace gantry::bench {
namespace {

SSL* ssl_of(void* ssl) {
  return static_cast<SSL*>(ssl);
}

}  // namespace

TlsTrustStore::TlsTrustStore(const std::string& ca_file) {
  auto* context = SSL_CTX_new(TLS_client_method());
  GANTRY_CHECK(context != nullptr);
  GANTRY_CHECK(SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  context_ = context;
}

TlsTrustStore::~TlsTrustStore() {
  SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

TlsClient::TlsClient(const TlsTrustStore& trust, uint16_t port, std::string token)
    : token_(std::move(token)) {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  GANTRY_CHECK(::connect(socket_, generic, sizeof(address)) == 0);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ssl_ = SSL_new(static_cast<SSL_CTX*>(trust.context()));
  SSL_set_fd(ssl_of(ssl_), socket_);
  SSL_set_mode(ssl_of(ssl_), SSL_MODE_RELEASE_BUFFERS);
  SSL_set_read_ahead(ssl_of(ssl_), 1);  // a record is one call, not two
  GANTRY_CHECK(SSL_connect(ssl_of(ssl_)) == 1);
}

TlsClient::~TlsClient() {
  SSL_free(ssl_of(ssl_));
  ::close(socket_);
}

void TlsClient::write_all(const std::string& text) {
  GANTRY_CHECK(SSL_write(ssl_of(ssl_), text.data(), static_cast<int>(text.size())) ==
               static_cast<int>(text.size()));
}

void TlsClient::fill() {
  char buffer[16384];
  const int count = SSL_read(ssl_of(ssl_), buffer, sizeof(buffer));
  GANTRY_CHECK(count > 0);
  inbox_.append(buffer, static_cast<size_t>(count));
}

void TlsClient::send_request(const std::string& method, const std::string& target,
                             const std::string& body, const std::string& headers) {
  std::string text = method + " " + target +
                     " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ + "\r\n" +
                     headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  write_all(text + "\r\n" + body);
}

std::string TlsClient::read_head() {
  size_t end = 0;
  while ((end = inbox_.find("\r\n\r\n")) == std::string::npos) fill();
  auto head = inbox_.substr(0, end + 2);
  inbox_.erase(0, end + 4);
  return head;
}

void TlsClient::skip_body(size_t size, Answer& answer) {
  answer.bytes += size;
  while (size > 0) {
    if (inbox_.empty()) fill();
    const auto part = std::min(size, inbox_.size());
    if (keep_body) answer.body.append(inbox_, 0, part);
    inbox_.erase(0, part);
    size -= part;
  }
}

void TlsClient::skip_chunks(Answer& answer) {
  while (true) {
    size_t end = 0;
    while ((end = inbox_.find("\r\n")) == std::string::npos) fill();
    const auto size = std::strtoull(inbox_.c_str(), nullptr, 16);
    inbox_.erase(0, end + 2);
    skip_body(size, answer);
    while (inbox_.size() < 2) fill();
    inbox_.erase(0, 2);
    if (size == 0) return;
  }
}

TlsClient::Answer TlsClient::send(const std::string& method, const std::string& target,
                                  const std::string& body, const std::string& headers) {
  send_request(method, target, body, headers);
  const auto head = read_head();
  Answer answer;
  answer.status = std::atoi(head.c_str() + 9);
  if (head.find("Transfer-Encoding: chunked") != std::string::npos) {
    skip_chunks(answer);
    return answer;
  }
  const auto length = head.find("Content-Length: ");
  if (length != std::string::npos)
    skip_body(std::strtoull(head.c_str() + length + 16, nullptr, 10), answer);
  return answer;
}

void TlsClient::open_stream(const std::string& target) {
  send_request("GET", target, "", "");
  const auto head = read_head();
  GANTRY_CHECK(head.find(" 200 ") != std::string::npos);
}

void TlsClient::set_nonblocking() {
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
}

size_t TlsClient::read_some(char* data, size_t size) {
  if (!inbox_.empty()) {
    const auto part = std::min(size, inbox_.size());
    std::copy_n(inbox_.data(), part, data);
    inbox_.erase(0, part);
    return part;
  }
  ERR_clear_error();
  const int count = SSL_read(ssl_of(ssl_), data, static_cast<int>(size));
  if (count > 0) return static_cast<size_t>(count);
  GANTRY_CHECK(SSL_get_error(ssl_of(ssl_), count) == SSL_ERROR_WANT_READ);
  return 0;
}

}  // namespace gantry::bench
