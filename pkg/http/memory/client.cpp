#include "pkg/http/memory/client.h"

#include "pkg/async/deadline.h"

namespace gantry::http::memory {
namespace {

Status first_error(const Status& a, const Status& b) {
  return a.ok() ? b : a;
}

void complete(Response& response) {
  if (response.reason.empty()) response.reason = reason_phrase(response.status);
}

// Hands head and chunks straight to the caller's functions.
class DirectStream final : public ResponseStream {
 public:
  DirectStream(StreamingClient::OnHead on_head, StreamingClient::OnChunk on_chunk)
      : on_head_(std::move(on_head)), on_chunk_(std::move(on_chunk)) {}

  Async<Status> start(Response head) override {
    GANTRY_CO_TRY(co_await ready());
    if (head_) co_return internal("a response was started twice");
    complete(head);
    head_ = std::move(head);
    failed_ = on_head_(*head_);
    co_return failed_;
  }

  Async<Status> write(std::string chunk) override {
    GANTRY_CO_TRY(co_await ready());
    if (!head_) co_return internal("a chunk was written before the response was started");
    if (!chunk.empty()) failed_ = on_chunk_(chunk);
    co_return failed_;
  }

  const std::optional<Response>& head() const { return head_; }
  const Status& failed() const { return failed_; }

 private:
  Async<Status> ready() {
    co_await async::yield();
    const bool stopping = co_await async::is_cancelled();
    co_return first_error(failed_, stopping ? async::cancelled() : Status());
  }

  StreamingClient::OnHead on_head_;
  StreamingClient::OnChunk on_chunk_;
  std::optional<Response> head_;
  Status failed_;
};

class MemoryClient final : public StreamingClient {
 public:
  MemoryClient(async::Clock& clock, Handler& handler, Peer peer)
      : clock_(clock), handler_(handler), peer_(std::move(peer)) {}

  Async<Result<Response>> send(Request request, Duration timeout) override {
    const bool read_only = is_read_only(request.method);
    auto what = request.method + " " + request.target;
    auto operation = collect(std::move(request));
    auto answer =
        co_await async::with_deadline(clock_, timeout, std::move(what), std::move(operation));
    if (!answer.ok() && !read_only) co_return mark_sent(answer.status());
    co_return answer;
  }

  Async<Result<Response>> stream(Request request, OnHead on_head, OnChunk on_chunk) override {
    DirectStream stream(std::move(on_head), on_chunk);
    auto answer = co_await run(std::move(request), stream);
    if (!answer.ok()) co_return answer.status();
    if (!stream.head()) {  // the handler answered at once: the same to a client on the wire
      auto body = std::exchange(answer->body, {});
      GANTRY_CO_TRY(co_await stream.start(*answer));
      GANTRY_CO_TRY(co_await stream.write(std::move(body)));
    }
    co_return *stream.head();
  }

 private:
  Async<Result<Response>> collect(Request request) {
    std::string body;
    auto on_head = [](const Response&) { return Status(); };
    auto on_chunk = [&body](std::string_view chunk) {
      body += chunk;
      return Status();
    };
    DirectStream stream(on_head, on_chunk);
    auto answer = co_await run(std::move(request), stream);
    if (answer.ok() && stream.head()) answer->body = std::move(body);
    co_return answer;
  }

  Async<Result<Response>> run(Request request, DirectStream& stream) {
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
    auto answer = co_await handler_.handle(std::move(request), peer_, stream);
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return async::cancelled();
    GANTRY_CO_TRY(stream.failed());
    if (answer && stream.head()) co_return internal("a handler streamed and answered");
    if (!answer && !stream.head()) co_return internal("a handler neither streamed nor answered");
    if (!answer) co_return *stream.head();
    complete(*answer);
    co_return *std::move(answer);
  }

  async::Clock& clock_;
  Handler& handler_;
  Peer peer_;
};

}  // namespace

std::unique_ptr<StreamingClient> make_client(async::Clock& clock, Handler& handler, Peer peer) {
  return std::make_unique<MemoryClient>(clock, handler, std::move(peer));
}

std::unique_ptr<StreamingClient> make_client(async::Clock& clock, Handler& handler) {
  return make_client(clock, handler, Peer{"127.0.0.1", {}, {}});
}

}  // namespace gantry::http::memory
