#include "pkg/http/websocket/socket.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::http::websocket {
namespace {

std::string header(const Request& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
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

Async<Status> Socket::accept(const Request& request, std::string protocol) {
  const auto key = header(request, "Sec-WebSocket-Key");
  const auto bytes = base64_decode(key);
  if (request.method != "GET" || header(request, "Sec-WebSocket-Version") != "13" || !bytes ||
      bytes->size() != 16)
    co_return invalid("the request is no WebSocket handshake of version 13");
  Headers headers;
  headers["Upgrade"] = "websocket";
  headers["Sec-WebSocket-Accept"] = accept_key(key);
  headers["Sec-WebSocket-Protocol"] = std::move(protocol);
  co_return co_await stream_.upgrade(std::move(headers));
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
      auto pong = render_frame(Opcode::pong, (*frame)->payload);
      GANTRY_CO_TRY(co_await write(std::move(pong)));
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
Async<Status> Socket::write(std::string frame) {
  GANTRY_CO_TRY(co_await writer_.acquire());
  const Status written = co_await stream_.write(std::move(frame));
  writer_.release();
  co_return written;
}

Async<Status> Socket::send(std::string payload) {
  auto frame = render_frame(Opcode::binary, payload);
  co_return co_await write(std::move(frame));
}

Async<Status> Socket::close(int code) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xff);
  auto frame = render_frame(Opcode::close, payload);
  co_return co_await write(std::move(frame));
}

}  // namespace gantry::http::websocket
