#pragma once
// Socket: one WebSocket connection, the server's side.
#include <optional>
#include <string>
#include <vector>

#include "pkg/async/event.h"
#include "pkg/http/http.h"
#include "pkg/http/websocket/frames.h"

namespace gantry::http::websocket {

// Whether the client wants to change to WebSocket.
bool is_upgrade(const Request& request);
// The first of the client's subprotocols that we speak; nullopt when there is none.
std::optional<std::string> choose_protocol(const Request& request,
                                           const std::vector<std::string>& spoken);

// One coroutine may call next() while another one sends. The stream must outlive it.
class Socket {
 public:
  explicit Socket(ResponseStream& stream, size_t message_max = size_t{4} << 20)
      : stream_(stream), reader_(message_max), message_max_(message_max) {}

  // The handshake. kInvalid when the request is no proper one: nothing was sent then.
  Async<Status> accept(const Request& request, std::string protocol);
  // The next message, put together; pings are answered. nullopt once the client has closed or left.
  // kInvalid and kResourceExhausted as FrameReader; kCancelled.
  Async<Result<std::optional<std::string>>> next();
  Async<Status> send(std::string payload);
  // Says goodbye with a code of RFC 6455, section 7.4: 1000 normal, 1002 protocol error.
  Async<Status> close(int code);

 private:
  Async<Status> write(std::string frame);

  ResponseStream& stream_;
  FrameReader reader_;
  size_t message_max_;
  std::string message_;
  async::Semaphore writer_{1};
  bool ended_ = false;
};

}  // namespace gantry::http::websocket
