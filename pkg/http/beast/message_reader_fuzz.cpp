// Whatever the bytes, a request must come out the same in one piece and byte by byte.
#include "pkg/base/check.h"
#include "pkg/http/beast/message_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using gantry::http::beast::RequestReader;
  gantry::http::beast::ReaderLimits limits;
  limits.header_bytes = 1024;
  limits.body_bytes = 1024;
  const std::string bytes(data, data + size);
  RequestReader whole(limits);
  RequestReader pieces(limits);
  (void)whole.put(bytes);
  std::string buffer;
  for (const char c : bytes) {
    buffer += c;
    buffer.erase(0, pieces.put(buffer));
    if (pieces.done() || pieces.fault()) break;
  }
  GANTRY_CHECK(whole.done() == pieces.done());
  if (!whole.done()) return 0;
  const auto a = whole.take();
  const auto b = pieces.take();
  GANTRY_CHECK(a.method == b.method && a.target == b.target && a.body == b.body);
  GANTRY_CHECK(a.headers == b.headers);
  return 0;
}
