#include "pkg/http/beast/exchange.h"

#include "pkg/base/log.h"
#include "pkg/base/text.h"

namespace gantry::http::beast {
namespace {

bool asks_to_close(const Response& response) {
  const auto header = response.headers.find("Connection");
  return header != response.headers.end() && to_lower(header->second) == "close";
}

Response failure(int status, std::string text) {
  Response response;
  response.status = status;
  response.headers["Content-Type"] = "text/plain; charset=utf-8";
  response.body = std::move(text) + "\n";
  return response;
}

}  // namespace

Exchange::Exchange(Executor executor, AnswerShape shape, Write write, Read read)
    : shape_(shape),
      write_(std::move(write)),
      read_(std::move(read)),
      group_(std::move(executor)) {}

Async<bool> Exchange::run(Handler& handler, Request request, Peer peer) {
  const auto what = request.method + " " + request.target.substr(0, request.target.find('?'));
  group_.spawn("http handler", [&]() -> Async<Status> {
    answer_ = co_await handler.handle(std::move(request), std::move(peer), *this);
    returned_ = true;
    co_return Status();
  });
  (void)co_await group_.join();
  if (started_) {
    const bool ended = co_await finish_stream();
    co_return ended;
  }
  if (!answer_) {
    if (!ending_) log::error("a handler gave no answer", {{"request", what}});
    answer_ = ending_ ? failure(503, "the server is stopping, or you are gone")
                      : failure(500, "internal error: the request was not answered");
  }
  if (answer_->status == kNoAnswer) co_return false;
  const bool reusable = co_await respond(*std::move(answer_));
  co_return reusable;
}

void Exchange::end_stream() {
  ending_ = true;
  shape_.keep_alive = false;
  if (started_) group_.cancel();
}

Framing Exchange::framing_of(int status, Framing with_body) const {
  const bool bodiless = status == 204 || status == 304 || status < 200;
  return bodiless ? Framing::none : with_body;
}

Async<Status> Exchange::start(Response head) {
  if (started_) co_return internal("a response was started twice");
  if (ending_) co_return async::cancelled();
  if (shape_.http_1_0 || asks_to_close(head)) shape_.keep_alive = false;
  framing_ = framing_of(head.status, shape_.http_1_0 ? Framing::until_close : Framing::chunked);
  auto bytes = render_head(head, framing_, shape_.keep_alive);
  if (!bytes.ok()) co_return bytes.status();
  started_ = true;
  co_return co_await send(*std::move(bytes));
}

Async<Status> Exchange::upgrade(Headers headers) {
  if (started_) co_return internal("a response was started twice");
  if (ending_) co_return async::cancelled();
  if (shape_.http_1_0)
    co_return make_error(ErrorClass::unsupported, "HTTP/1.0 cannot change the protocol");
  Response head;
  head.status = 101;
  head.headers = std::move(headers);
  framing_ = Framing::upgraded;
  shape_.keep_alive = false;
  shape_.head_only = false;
  auto bytes = render_head(head, framing_, false);
  if (!bytes.ok()) co_return bytes.status();
  started_ = true;
  co_return co_await send(*std::move(bytes));
}

Async<Result<std::string>> Exchange::read() {
  if (framing_ != Framing::upgraded) co_return internal("read() before upgrade()");
  co_return co_await read_();
}

Async<Status> Exchange::write(std::string chunk) {
  if (!started_) co_return internal("a chunk was written before the response was started");
  if (ending_) co_return async::cancelled();
  if (shape_.head_only || framing_ == Framing::none || chunk.empty()) co_return Status();
  auto bytes = framing_ == Framing::chunked ? render_chunk(std::move(chunk)) : std::move(chunk);
  co_return co_await send(std::move(bytes));
}

Async<bool> Exchange::finish_stream() {
  if (returned_ && answer_) log::error("a handler streamed and answered", {});
  if (broken_ || !returned_ || answer_) co_return false;  // cut short, and the peer can tell
  if (framing_ == Framing::chunked && !shape_.head_only) {
    std::string end = kLastChunk;
    (void)co_await send(std::move(end));
  }
  co_return shape_.keep_alive && !broken_;
}

Async<bool> Exchange::respond(Response response) {
  if (asks_to_close(response)) shape_.keep_alive = false;
  const auto framing = framing_of(response.status, Framing::length);
  auto bytes = render_head(response, framing, shape_.keep_alive);
  if (!bytes.ok()) {
    log::error("a handler gave an answer that is no HTTP", {{"error", bytes.status()}});
    response = failure(500, "internal error: the answer could not be sent");
    bytes = render_head(response, Framing::length, shape_.keep_alive);
  }
  if (framing == Framing::length && !shape_.head_only) *bytes += response.body;
  (void)co_await send(*std::move(bytes));
  co_return shape_.keep_alive && !broken_;
}

Async<Status> Exchange::send(std::string bytes) {
  const Status written = co_await write_(std::move(bytes));
  broken_ = broken_ || !written.ok();
  co_return written;
}

}  // namespace gantry::http::beast
