#pragma once
// Gzip: a body compressed piece by piece. A finished beginning can be kept and continued many
// times.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::http {

// The compressed beginning of a body, up to a byte boundary.
struct GzipPrefix {
  std::string bytes;
  uint32_t crc = 0;   // of the plain text
  uint64_t size = 0;  // of the plain text
};

// Fastest level: lists are large and repeat themselves. About 5 ns a byte.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Appends what is ready of the compressed text to `out`; may be nothing.
  void add(std::string_view plain, std::string& out);
  // Ends the text. Nothing may be added afterwards.
  void finish(std::string& out);
  // Ends what add() has written to `out` as a prefix that text_after() goes on from.
  GzipPrefix end_prefix(std::string out);

 private:
  struct Stream;
  void run(std::string_view plain, int flush, std::string& out);
  std::unique_ptr<Stream> stream_;
  uint32_t crc_ = 0;
  uint64_t size_ = 0;
  bool begun_ = false;
};

// What follows prefix.bytes so that both together are prefix and `tail`, compressed.
std::string text_after(const GzipPrefix& prefix, std::string_view tail);

// Whether an Accept-Encoding header takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace gantry::http
