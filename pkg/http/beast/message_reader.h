#pragma once
// HTTP/1.1 messages out of bytes: Beast's parser without its I/O, so that everything that waits is
// ordinary code and only one file pays for Beast's headers.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/http/http.h"

namespace gantry::http::beast {

// Why a message was refused. `status` is what a server answers.
struct Fault {
  int status = 400;
  std::string message;
};

struct ReaderLimits {
  uint32_t header_bytes = 64 * 1024;
  std::optional<uint64_t> body_bytes;  // nullopt: unlimited
};

// Reads one request. Repeated headers are joined with ", ".
class RequestReader {
 public:
  explicit RequestReader(ReaderLimits limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Takes a prefix of `bytes` and returns its length; the rest must be offered again, with more
  // behind it. Takes nothing once done() or after a fault.
  size_t put(std::string_view bytes);
  const std::optional<Fault>& fault() const;
  bool head_done() const;
  bool done() const;
  // The peer waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  bool keep_alive() const;
  bool is_http_1_0() const;
  // Requires done(); once.
  Request take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads one response; interim 1xx responses are skipped. A repeated header's last value wins.
class ResponseReader {
 public:
  ResponseReader(ReaderLimits limits, bool to_head_request);
  ~ResponseReader();
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  size_t put(std::string_view bytes);
  // The peer ended the connection; this completes a body without a length. False when the message
  // was cut short.
  bool put_eof();
  const std::optional<Fault>& fault() const;
  bool head_done() const;
  bool done() const;
  bool keep_alive() const;
  // Status, reason and headers. Requires head_done().
  Response head() const;
  // What came of the body since the last call.
  std::string take_body();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::http::beast
