#pragma once
// TlsClient: one kept-alive HTTPS connection that costs as little as it can, so that it is the
// server that is measured. Blocking; a thread each, or readable() for many at once.
#include <cstdint>
#include <memory>
#include <string>

namespace gantry::bench {

// Trust in the daemon's own CA, shared by all connections.
class TlsTrustStore {
 public:
  explicit TlsTrustStore(const std::string& ca_file);
  ~TlsTrustStore();
  void* context() const { return context_; }

 private:
  void* context_;
};

class TlsClient {
 public:
  // Connects to 127.0.0.1:port and checks the certificate. Ends the program when that fails: a
  // benchmark has nothing else to do then.
  TlsClient(const TlsTrustStore& trust, uint16_t port, std::string token);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  struct Answer {
    int status = 0;
    size_t bytes = 0;  // of the body as it came
    std::string body;  // only with keep_body
  };
  bool keep_body = false;
  Answer send(const std::string& method, const std::string& target, const std::string& body = "",
              const std::string& headers = "");

  // Sends the request of a stream and reads the head; what follows comes by read_some().
  void open_stream(const std::string& target);
  // What has arrived, at most `size`; 0: nothing for now (only after set_nonblocking()).
  size_t read_some(char* data, size_t size);
  void set_nonblocking();
  int socket() const { return socket_; }

 private:
  void write_all(const std::string& text);
  void fill();
  void send_request(const std::string& method, const std::string& target, const std::string& body,
                    const std::string& headers);
  std::string read_head();
  void skip_body(size_t size, Answer& answer);
  void skip_chunks(Answer& answer);
  void* ssl_;
  int socket_;
  std::string token_;
  std::string inbox_;
};

}  // namespace gantry::bench
