#pragma once
// Exchange: one request being answered by the handler, as a response or as a stream.
#include <functional>

#include "pkg/async/group.h"
#include "pkg/http/beast/wire.h"

namespace gantry::http::beast {

// What the request allows of its answer.
struct AnswerShape {
  bool head_only = false;  // HEAD
  bool http_1_0 = false;   // no chunks: the body ends with the connection
  bool keep_alive = true;
};

class Exchange final : public ResponseStream {
 public:
  using Write = std::function<Async<Status>(std::string bytes)>;
  using Read = std::function<Async<Result<std::string>>()>;
  Exchange(Executor executor, AnswerShape shape, Write write, Read read);

  // Runs the handler, as a child that can be cancelled without cancelling the connection, and
  // writes what it answers. True when the connection is good for another request.
  Async<bool> run(Handler& handler, Request request, Peer peer);

  // The peer is gone or the server stops: a stream is cancelled, and none can start any more.
  void end_stream();

  Async<Status> start(Response head) override;
  Async<Status> write(std::string chunk) override;
  Async<Status> upgrade(Headers headers) override;
  Async<Result<std::string>> read() override;

 private:
  Async<bool> finish_stream();
  Async<bool> respond(Response response);
  Async<Status> send(std::string bytes);
  Framing framing_of(int status, Framing with_body) const;

  AnswerShape shape_;
  Write write_;
  Read read_;
  async::Group group_;
  std::optional<Response> answer_;
  bool returned_ = false;  // the handler has come to its end, rather than thrown
  bool started_ = false;
  bool ending_ = false;
  bool broken_ = false;
  Framing framing_ = Framing::none;
};

}  // namespace gantry::http::beast
