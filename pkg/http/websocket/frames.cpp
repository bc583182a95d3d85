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

std::string bytes_of(uint64_t number, size_t width) {
  std::string bytes;
  for (size_t i = width; i > 0; --i) bytes += static_cast<char>(number >> (8 * (i - 1)) & 0xff);
  return bytes;
}

// Once more, and it is as before.
void mask(std::string_view key, std::string& payload) {
  for (size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>(payload[i] ^ key[i % key.size()]);
}

std::string head_of(Opcode opcode, size_t size, bool masked) {
  const size_t width = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  const size_t word = width == 0 ? size : width == 2 ? 126 : 127;
  return bytes_of(0x80U | static_cast<unsigned>(opcode), 1) +
         bytes_of(word | (masked ? 0x80U : 0U), 1) + bytes_of(size, width);
}

}  // namespace

Result<std::optional<Frame>> FrameReader::next() {
  if (bytes_.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes_[0]);
  const auto second = static_cast<unsigned char>(bytes_[1]);
  const unsigned opcode = first & 0x0fU;
  if ((first & 0x70U) != 0 || !is_known(opcode))
    return invalid("websocket: a frame has reserved bits or an unknown opcode");
  const bool masked = (second & 0x80U) != 0;
  if (masked != (from_ == Side::client))
    return invalid("websocket: a %s",
                   masked ? "server's frame is masked" : "client's frame is not masked");
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
  const size_t key = masked ? 4 : 0;
  if (bytes_.size() < head + key + size) return std::nullopt;
  Frame frame;
  frame.opcode = static_cast<Opcode>(opcode);
  frame.last = (first & 0x80U) != 0;
  frame.payload = bytes_.substr(head + key, size);
  if (masked) mask(std::string_view(bytes_).substr(head, key), frame.payload);
  bytes_.erase(0, head + key + size);
  return frame;
}

std::string render_frame(Opcode opcode, std::string_view payload) {
  return head_of(opcode, payload.size(), false) + std::string(payload);
}

std::string render_masked_frame(Opcode opcode, std::string_view payload, uint32_t key) {
  const auto key_bytes = bytes_of(key, 4);
  std::string hidden(payload);
  mask(key_bytes, hidden);
  return head_of(opcode, payload.size(), true) + key_bytes + hidden;
}

std::string accept_key(std::string_view key) {
  constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return base64_encode(crypto::sha1(std::string(key) + std::string(kMagic)));
}

}  // namespace gantry::http::websocket
