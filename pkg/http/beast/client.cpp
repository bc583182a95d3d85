#include "pkg/http/beast/client.h"

#include <algorithm>

#include "pkg/async/deadline.h"
#include "pkg/http/beast/dial.h"
#include "pkg/http/beast/message_reader.h"
#include "pkg/http/beast/pool.h"
#include "pkg/http/beast/tls.h"
#include "pkg/http/beast/wire.h"

namespace gantry::http::beast {
namespace {

constexpr Duration kFreshEnoughToWrite = std::chrono::seconds(1);

// One request on its way, and how far it has come.
struct Question {
  explicit Question(const Request& request)
      : read_only(is_read_only(request.method)),
        is_head(request.method == "HEAD"),
        what(request.method + " " + request.target.substr(0, request.target.find('?'))) {}
  bool read_only;
  bool is_head;
  std::string what;  // without the query, which may hold what no log should
  std::string bytes;
  bool sent = false;      // some of it may have reached the server
  bool answered = false;  // some of the answer has come
  StreamingClient::OnHead on_head;
  StreamingClient::OnChunk on_chunk;
};

struct Answer {
  Response response;
  bool reusable = false;
  std::string rest;  // what came behind it
};

// Gives what the reader has found to the caller's functions, when there are any.
class Delivery {
 public:
  Delivery(Question& exchange, ResponseReader& reader) : exchange_(exchange), reader_(reader) {}

  Status deliver() {
    if (!exchange_.on_chunk || !reader_.head_done()) return {};
    if (!std::exchange(head_given_, true)) GANTRY_TRY(exchange_.on_head(reader_.head()));
    const auto piece = reader_.take_body();
    return piece.empty() ? Status() : exchange_.on_chunk(piece);
  }

 private:
  Question& exchange_;
  ResponseReader& reader_;
  bool head_given_ = false;
};

// What is left of a connection once its protocol has changed.
class TakenOver final : public ByteStream {
 public:
  // `begun` came in one piece with the head.
  TakenOver(std::unique_ptr<Connection> connection, std::string begun)
      : connection_(std::move(connection)), begun_(std::move(begun)) {}

  Async<Status> write(std::string bytes) override {
    co_return co_await connection_->write(std::move(bytes));
  }
  Async<Result<std::string>> read() override {
    if (!begun_.empty()) co_return std::exchange(begun_, "");
    std::string bytes;
    const auto count = co_await connection_->read(bytes);
    if (!count.ok()) co_return count.status();
    co_return bytes;
  }

 private:
  std::unique_ptr<Connection> connection_;
  std::string begun_;
};

class BeastClient final : public StreamingClient {
 public:
  BeastClient(Executor executor, async::Clock& clock, Endpoint endpoint, ClientOptions options)
      : executor_(std::move(executor)),
        clock_(clock),
        endpoint_(std::move(endpoint)),
        options_(options),
        pool_(clock, std::max<size_t>(options.connections_max, 1), options.idle_max) {}

  void use(const TlsTrust& trust) {
    if (!endpoint_.tls) return;
    auto tls = make_client_tls(trust);
    unusable_ = annotate(tls.status(), to_string(endpoint_));
    if (tls.ok()) tls_ = *std::move(tls);
  }

  Async<Result<Response>> send(Request request, Duration timeout) override {
    GANTRY_CO_TRY(unusable_);
    Question exchange(request);
    GANTRY_CO_TRY_ASSIGN(exchange.bytes, render_request(request, endpoint_));
    auto operation = send_pooled(exchange);
    auto answer =
        co_await async::with_deadline(clock_, timeout, "the server", std::move(operation));
    if (answer.ok()) co_return answer;
    co_return failed(exchange, answer.status());
  }

  Async<Result<Response>> stream(Request request, OnHead on_head, OnChunk on_chunk) override {
    GANTRY_CO_TRY(unusable_);
    Question exchange(request);
    exchange.on_head = std::move(on_head);
    exchange.on_chunk = std::move(on_chunk);
    GANTRY_CO_TRY_ASSIGN(exchange.bytes, render_request(request, endpoint_));
    auto connection = co_await dial(executor_, clock_, endpoint_, tls_, options_.connect_timeout);
    if (!connection.ok()) co_return failed(exchange, connection.status());
    auto answer = co_await converse(**connection, exchange);
    if (!answer.ok()) co_return failed(exchange, answer.status());
    co_return std::move(answer->response);
  }

  Async<Result<Upgraded>> upgrade(Request request) override {
    GANTRY_CO_TRY(unusable_);
    Question exchange(request);
    GANTRY_CO_TRY_ASSIGN(exchange.bytes, render_request(request, endpoint_));
    auto connection = co_await dial(executor_, clock_, endpoint_, tls_, options_.connect_timeout);
    if (!connection.ok()) co_return failed(exchange, connection.status());
    auto answer = co_await converse(**connection, exchange);
    if (!answer.ok()) co_return failed(exchange, answer.status());
    Upgraded upgraded;
    if (answer->response.status == 101) {
      upgraded.stream =
          std::make_unique<TakenOver>(*std::move(connection), std::move(answer->rest));
    }
    upgraded.head = std::move(answer->response);
    co_return std::move(upgraded);
  }

 private:
  Status failed(const Question& exchange, Status status) const {
    status = annotate(std::move(status), exchange.what);
    return exchange.sent && !exchange.read_only ? mark_sent(std::move(status)) : status;
  }

  Async<Result<Response>> send_pooled(Question& exchange) {
    auto place = co_await pool_.enter();
    if (!place.ok()) co_return place.status();
    auto kept = pool_.take(exchange.read_only ? options_.idle_max : kFreshEnoughToWrite);
    if (kept) {
      auto answer = co_await send_over(std::move(kept), exchange);
      if (answer.ok() || !exchange.read_only || exchange.answered ||
          error_class(answer.status()) != ErrorClass::transport)
        co_return answer;
    }
    auto fresh = co_await dial(executor_, clock_, endpoint_, tls_, options_.connect_timeout);
    if (!fresh.ok()) co_return fresh.status();
    co_return co_await send_over(*std::move(fresh), exchange);
  }

  Async<Result<Response>> send_over(std::unique_ptr<Connection> connection, Question& exchange) {
    auto answer = co_await converse(*connection, exchange);
    if (!answer.ok()) co_return annotate(answer.status(), to_string(endpoint_));
    if (answer->reusable) pool_.put_back(std::move(connection));
    co_return std::move(answer->response);
  }

  Async<Result<Answer>> converse(Connection& connection, Question& exchange) {
    exchange.sent = true;
    const Status written = co_await connection.write(exchange.bytes);
    const bool refused_early = !written.ok() && error_class(written) == ErrorClass::transport;
    if (!written.ok() && !refused_early) co_return written;
    auto answer = co_await read_answer(connection, exchange);
    if (!refused_early) co_return answer;
    // A server may answer and hang up before it has read a large body; that answer counts.
    if (!answer.ok()) co_return written;
    answer->reusable = false;
    co_return answer;
  }

  Async<Result<Answer>> read_answer(Connection& connection, Question& exchange) {
    ReaderLimits limits;
    if (!exchange.on_chunk) limits.body_bytes = options_.body_max;
    ResponseReader reader(limits, exchange.is_head);
    Delivery delivery(exchange, reader);
    std::string buffer;
    bool ended = false;
    while (!reader.done() && !ended) {
      auto count = co_await connection.read(buffer);
      if (!count.ok()) co_return count.status();
      ended = *count == 0;
      exchange.answered = exchange.answered || !buffer.empty();
      buffer.erase(0, reader.put(buffer));
      if (reader.fault())
        co_return make_error(ErrorClass::schema, "the answer: " + reader.fault()->message);
      const bool cut_short = ended && !reader.put_eof();
      GANTRY_CO_TRY(delivery.deliver());
      if (cut_short)
        co_return make_error(ErrorClass::transport, "the server hung up before it had answered");
    }
    Answer answer;
    answer.response = reader.head();
    answer.response.body = reader.take_body();
    answer.reusable = reader.keep_alive() && buffer.empty() && !ended;
    answer.rest = std::move(buffer);
    co_return answer;
  }

  Executor executor_;
  async::Clock& clock_;
  Endpoint endpoint_;
  ClientOptions options_;
  std::shared_ptr<ClientTls> tls_;
  Status unusable_;
  Pool pool_;
};

}  // namespace

std::unique_ptr<StreamingClient> make_client(Executor executor, async::Clock& clock,
                                             Endpoint endpoint, TlsTrust trust,
                                             ClientOptions options) {
  auto client =
      std::make_unique<BeastClient>(std::move(executor), clock, std::move(endpoint), options);
  client->use(trust);
  return client;
}

}  // namespace gantry::http::beast
