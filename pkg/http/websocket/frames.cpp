#include "pkg/http/websocket/frames.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::http::websocket {
namespace {

constexpr size_t kControlMax = 125;

bool is_known(unsigned opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

uint64_t number_at(std::string_view bytes, size_t at, size_t size) {
  uint64_t number = 0;
  for (const char byte : bytes.substr(at, size))
    number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

Result<std::optional<Frame>> FrameReader::next() {
  if (bytes_.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes_[0]);
  const auto second = static_cast<unsigned char>(bytes_[1]);
  const unsigned opcode = first & 0x0fU;
  if ((first & 0x70U) != 0 || !is_known(opcode))
    return invalid("websocket: a frame has reserved bits or an unknown opcode");
  if ((second & 0x80U) == 0) return invalid("websocket: a client's frame is not masked");
  size_t head = 2;
  uint64_t size = second & 0x7fU;
  const bool control = opcode >= 8;
  if (control && (size > kControlMax || (first & 0x80U) == 0))
    return invalid("websocket: a control frame is too long or in pieces");
  if (size >= 126) {
    const size_t width = size == 126 ? 2 : 8;
    if (bytes_.size() < head + width) return std::nullopt;
    size = number_at(bytes_, head, width);
    head += width;
  }
  if (size > payload_max_)
    return error(ErrorClass::overload, "websocket: a frame of %d bytes; at most %d are taken", size,
                 payload_max_);
  if (bytes_.size() < head + 4 + size) return std::nullopt;
  Frame frame;
  frame.opcode = static_cast<Opcode>(opcode);
  frame.last = (first & 0x80U) != 0;
  frame.payload = bytes_.substr(head + 4, size);
  for (size_t i = 0; i < size; ++i)
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ bytes_[head + i % 4]);
  bytes_.erase(0, head + 4 + size);
  return frame;
}

std::string render_frame(Opcode opcode, std::string_view payload) {
  std::string bytes;
  bytes += static_cast<char>(0x80U | static_cast<unsigned>(opcode));
  const size_t size = payload.size();
  const size_t width = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  bytes += static_cast<char>(width == 0 ? size : width == 2 ? 126 : 127);
  for (size_t i = width; i > 0; --i) bytes += static_cast<char>(size >> (8 * (i - 1)) & 0xff);
  bytes += payload;
  return bytes;
}

std::string accept_key(std::string_view key) {
  constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return base64_encode(crypto::sha1(std::string(key) + std::string(kMagic)));
}

}  // namespace gantry::http::websocket
