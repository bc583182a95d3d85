#include "pkg/http/websocket/socket.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::http::websocket {
namespace {

template <class Message>
std::string header(const Message& message, std::string_view name) {
  const auto found = message.headers.find(name);
  return found == message.headers.end() ? std::string() : found->second;
}

// Sixteen bytes that nobody has used before.
std::string new_key(Random& random) {
  std::string bytes;
  for (int word = 0; word < 2; ++word) {
    const uint64_t number = random.next();
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift & 0xff);
  }
  return base64_encode(bytes);
}

}  // namespace

bool is_upgrade(const Request& request) {
  return to_lower(header(request, "Upgrade")) == "websocket";
}

std::optional<std::string> choose_protocol(const Request& request,
                                           const std::vector<std::string>& spoken) {
  for (const auto& offered : split(header(request, "Sec-WebSocket-Protocol"), ',')) {
    const auto name = std::string(trim(offered));
    if (std::ranges::find(spoken, name) != spoken.end()) return name;
  }
  return std::nullopt;
}

Async<Status> accept(ResponseStream& stream, const Request& request, std::string protocol) {
  const auto key = header(request, "Sec-WebSocket-Key");
  const auto bytes = base64_decode(key);
  if (request.method != "GET" || header(request, "Sec-WebSocket-Version") != "13" || !bytes ||
      bytes->size() != 16)
    co_return invalid("the request is no WebSocket handshake of version 13");
  Headers headers;
  headers["Upgrade"] = "websocket";
  headers["Sec-WebSocket-Accept"] = accept_key(key);
  headers["Sec-WebSocket-Protocol"] = std::move(protocol);
  co_return co_await stream.upgrade(std::move(headers));
}

Async<Result<std::unique_ptr<ByteStream>>> connect(StreamingClient& client, Request request,
                                                   std::vector<std::string> protocols,
                                                   Random& random, Response& refusal) {
  const auto key = new_key(random);
  request.method = "GET";
  request.headers["Upgrade"] = "websocket";
  request.headers["Sec-WebSocket-Version"] = "13";
  request.headers["Sec-WebSocket-Key"] = key;
  request.headers["Sec-WebSocket-Protocol"] = join(protocols, ", ");
  auto upgraded = co_await client.upgrade(std::move(request));
  if (!upgraded.ok()) co_return upgraded.status();
  if (!upgraded->stream) {
    refusal = std::move(upgraded->head);
    co_return std::unique_ptr<ByteStream>();
  }
  const bool agreed = header(upgraded->head, "Sec-WebSocket-Accept") == accept_key(key);
  const auto chosen = header(upgraded->head, "Sec-WebSocket-Protocol");
  if (!agreed || std::ranges::find(protocols, chosen) == protocols.end())
    co_return make_error(ErrorClass::schema, "the server agrees to another protocol than asked");
  co_return std::move(upgraded->stream);
}

Async<Result<std::optional<std::string>>> Socket::next() {
  while (!ended_) {
    auto frame = reader_.next();
    if (!frame.ok()) co_return frame.status();
    if (!frame->has_value()) {
      const auto bytes = co_await stream_.read();
      if (!bytes.ok()) co_return bytes.status();
      ended_ = bytes->empty();
      reader_.feed(*bytes);
      continue;
    }
    const auto opcode = (*frame)->opcode;
    if (opcode == Opcode::close) break;
    if (opcode == Opcode::ping) {
      auto payload = (*frame)->payload;
      GANTRY_CO_TRY(co_await write(Opcode::pong, std::move(payload)));
    }
    if (opcode == Opcode::ping || opcode == Opcode::pong) continue;
    if (message_.size() + (*frame)->payload.size() > message_max_)
      co_return make_error(ErrorClass::overload, "websocket: a message is too long");
    message_ += (*frame)->payload;
    if (!(*frame)->last) continue;
    std::optional<std::string> message = std::exchange(message_, "");
    co_return message;
  }
  ended_ = true;
  std::optional<std::string> none;
  co_return none;
}

// One frame at a time, so that those of two coroutines do not mix.
Async<Status> Socket::write(Opcode opcode, std::string payload) {
  auto frame = random_ == nullptr
                   ? render_frame(opcode, payload)
                   : render_masked_frame(opcode, payload, static_cast<uint32_t>(random_->next()));
  GANTRY_CO_TRY(co_await writer_.acquire());
  const Status written = co_await stream_.write(std::move(frame));
  writer_.release();
  co_return written;
}

Async<Status> Socket::send(std::string payload) {
  co_return co_await write(Opcode::binary, std::move(payload));
}

Async<Status> Socket::close(int code) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xff);
  co_return co_await write(Opcode::close, std::move(payload));
}

}  // namespace gantry::http::websocket
