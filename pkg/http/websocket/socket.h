#pragma once
// Socket: one WebSocket connection, from either side.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/async/event.h"
#include "pkg/base/random.h"
#include "pkg/http/http.h"
#include "pkg/http/websocket/frames.h"

namespace gantry::http::websocket {

// Whether the client wants to change to WebSocket.
bool is_upgrade(const Request& request);
// The first of the client's subprotocols that we speak; nullopt when there is none.
std::optional<std::string> choose_protocol(const Request& request,
                                           const std::vector<std::string>& spoken);

// The server's handshake. kInvalid when the request is no proper one: nothing was sent then.
Async<Status> accept(ResponseStream& stream, const Request& request, std::string protocol);
// The client's: asks for one of the subprotocols. What the server answers instead of agreeing is in
// `refusal`, with an OK and no stream. kSchema when it agrees to something else.
Async<Result<std::unique_ptr<ByteStream>>> connect(StreamingClient& client, Request request,
                                                   std::vector<std::string> protocols,
                                                   Random& random, Response& refusal);

// One coroutine may call next() while another one sends. The stream must outlive it.
class Socket {
 public:
  // The server's side.
  explicit Socket(ByteStream& stream, size_t message_max = kMessageMax)
      : stream_(stream), reader_(message_max), message_max_(message_max) {}
  // The client's, which masks what it sends.
  Socket(ByteStream& stream, Random& random, size_t message_max = kMessageMax)
      : stream_(stream),
        random_(&random),
        reader_(message_max, Side::server),
        message_max_(message_max) {}

  // The next message, put together; pings are answered. nullopt once the peer has closed or left.
  // kInvalid and kResourceExhausted as FrameReader; kCancelled.
  Async<Result<std::optional<std::string>>> next();
  Async<Status> send(std::string payload);
  // Says goodbye with a code of RFC 6455, section 7.4: 1000 normal, 1002 protocol error.
  Async<Status> close(int code);

 private:
  static constexpr size_t kMessageMax = size_t{4} << 20;

  Async<Status> write(Opcode opcode, std::string payload);

  ByteStream& stream_;
  Random* random_ = nullptr;  // of a client
  FrameReader reader_;
  size_t message_max_;
  std::string message_;
  async::Semaphore writer_{1};
  bool ended_ = false;
};

}  // namespace gantry::http::websocket
