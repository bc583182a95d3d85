// Frames come out the same whatever the pieces in which their bytes arrive.
#include "pkg/base/check.h"
#include "pkg/http/websocket/frames.h"

namespace {

std::string all_of(const std::string& bytes, size_t step) {
  gantry::http::websocket::FrameReader reader(1024);
  std::string found;
  for (size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(std::string_view(bytes).substr(at, step));
    while (true) {
      const auto frame = reader.next();
      if (!frame.ok()) return found + "error";
      if (!frame->has_value()) break;
      found += std::to_string(static_cast<int>((*frame)->opcode)) + (*frame)->payload + "|";
    }
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(data, data + size);
  GANTRY_CHECK(all_of(bytes, 1) == all_of(bytes, bytes.size() + 1));
  return 0;
}
