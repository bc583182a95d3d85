#pragma once
// WebSocket frames (RFC 6455, section 5) as bytes.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/status.h"

namespace gantry::http::websocket {

enum class Opcode { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Frame {
  Opcode opcode = Opcode::binary;
  bool last = true;  // of its message
  std::string payload;
};

// Whose frames they are: a client masks its own, a server must not.
enum class Side { client, server };

// Takes one side's frames out of bytes as they come.
class FrameReader {
 public:
  explicit FrameReader(size_t payload_max, Side from = Side::client)
      : payload_max_(payload_max), from_(from) {}
  void feed(std::string_view bytes) { bytes_ += bytes; }
  // nullopt: more bytes are needed. kInvalid for what breaks the protocol (a frame that is masked
  // like the other side's, a reserved bit or opcode, a fragmented or long control frame),
  // kResourceExhausted for a frame that is too long. Nothing more can be read after an error.
  Result<std::optional<Frame>> next();

 private:
  size_t payload_max_;
  Side from_;
  std::string bytes_;
};

// A server's frame: whole, not masked.
std::string render_frame(Opcode opcode, std::string_view payload);
// A client's: masked with a key that nobody can foresee (section 5.3).
std::string render_masked_frame(Opcode opcode, std::string_view payload, uint32_t key);

// Sec-WebSocket-Accept for a client's Sec-WebSocket-Key (section 4.2.2).
std::string accept_key(std::string_view key);

}  // namespace gantry::http::websocket
