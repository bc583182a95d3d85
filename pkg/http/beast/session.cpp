#include "pkg/http/beast/session.h"

#include <algorithm>

#include "pkg/async/deadline.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/http/beast/exchange.h"

namespace gantry::http::beast {
namespace {

constexpr size_t kReadAhead = 64 * 1024;
// A write has to make this much progress within the write timeout, however long the answer is.
constexpr size_t kWritePiece = 256 * 1024;
// How long a closing connection waits for the peer to have read the last answer.
constexpr Duration kGoodbye = std::chrono::milliseconds(500);

ReaderLimits reader_limits(const ServerLimits& limits) {
  ReaderLimits reader;
  reader.header_bytes = limits.header_bytes;
  reader.body_bytes = limits.body_bytes;
  return reader;
}

}  // namespace

Session::Session(Executor executor, async::Clock& clock, const ServerLimits& limits,
                 std::unique_ptr<Connection> connection, Handler& handler)
    : executor_(executor),
      limits_(limits),
      connection_(std::move(connection)),
      handler_(handler),
      watchdog_(executor, clock, [this] { on_expiry(); }),
      inbox_(*connection_, limits.header_bytes + kReadAhead),
      reader_group_(executor) {}

Async<Status> Session::run() {
  watchdog_.arm(limits_.header_timeout);
  writing_ = true;  // until the handshake is over, too late means close
  const Status met = co_await connection_->handshake();
  writing_ = false;
  if (met.ok()) {
    reader_group_.spawn("http reader", [this] { return inbox_.pump([this] { on_peer_gone(); }); });
    (void)co_await converse();
  } else {
    log::debug("a connection was refused", {{"peer", connection_->peer().address}, {"error", met}});
  }
  connection_->close();
  reader_group_.cancel();
  (void)co_await reader_group_.join();
  co_return co_await watchdog_.stop();
}

Async<Status> Session::converse() {
  bool another = true;
  while (another) another = co_await serve_one();
  if (!broken_) co_await say_goodbye();
  co_return Status();
}

Async<bool> Session::serve_one() {
  RequestReader reader(reader_limits(limits_));
  std::optional<Fault> fault;
  const Status read = co_await read_request(reader, fault);
  if (fault) {
    const bool reusable = co_await refuse(*fault);
    co_return reusable;
  }
  if (!read.ok()) co_return false;
  const bool reusable = co_await answer_request(reader);
  co_return reusable && !stopping_ && !broken_;
}

Async<Status> Session::read_request(RequestReader& reader, std::optional<Fault>& fault) {
  bool told_to_continue = false;
  head_timed_ = false;
  watchdog_.arm(limits_.idle_timeout);
  while (!reader.done()) {
    const auto taken = reader.put(inbox_.bytes());
    inbox_.consume(taken);
    fault = reader.fault();
    if (fault || reader.done()) break;
    if (reader.expects_continue() && !std::exchange(told_to_continue, true)) {
      std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
      GANTRY_CO_TRY(co_await write(std::move(interim)));
    }
    const bool untouched = inbox_.bytes().empty() && !reader.head_done();
    if (untouched && stopping_) co_return async::cancelled();
    if (watchdog_.expired() && !untouched) fault = Fault{408, "the request came too slowly"};
    if (inbox_.ended() && !untouched) fault = Fault{400, "the request is incomplete"};
    if (fault || watchdog_.expired() || inbox_.ended()) break;
    GANTRY_CO_TRY(co_await read_more(reader));
  }
  watchdog_.disarm();
  if (reader.done()) co_return Status();
  co_return async::cancelled();
}

Async<Status> Session::read_more(RequestReader& reader) {
  const bool in_head = !reader.head_done() && !inbox_.bytes().empty();
  // A head has one deadline from its first byte on; a body one for each piece.
  if (reader.head_done()) watchdog_.arm(limits_.idle_timeout);
  if (in_head && !head_timed_) watchdog_.arm(limits_.header_timeout);
  head_timed_ = in_head;
  const auto have = inbox_.bytes().size();
  co_return co_await inbox_.wait_for_more(have);
}

Async<bool> Session::answer_request(RequestReader& reader) {
  AnswerShape shape;
  auto request = reader.take();
  shape.head_only = request.method == "HEAD";
  shape.http_1_0 = reader.is_http_1_0();
  shape.keep_alive = reader.keep_alive() && !stopping_;
  Exchange exchange(
      executor_, shape, [this](std::string bytes) { return write(std::move(bytes)); },
      [this] { return read_upgraded(); });
  exchange_ = &exchange;
  if (inbox_.ended() || stopping_) exchange.end_stream();
  auto peer = connection_->peer();
  const bool reusable = co_await exchange.run(handler_, std::move(request), std::move(peer));
  exchange_ = nullptr;
  co_return reusable;
}

Async<Result<std::string>> Session::read_upgraded() {
  const size_t none = 0;
  GANTRY_CO_TRY(co_await inbox_.wait_for_more(none));
  std::string bytes(inbox_.bytes());
  inbox_.consume(bytes.size());
  co_return bytes;
}

Async<bool> Session::refuse(Fault fault) {
  const auto peer = connection_->peer();
  const auto response = handler_.refuse(fault.status, std::move(fault.message), peer);
  auto bytes = render_head(response, Framing::length, false);
  if (bytes.ok()) (void)co_await write(*std::move(bytes) + response.body);
  co_return false;
}

Async<Status> Session::write(std::string bytes) {
  if (broken_) co_return make_error(ErrorClass::transport, "the connection is broken");
  writing_ = true;
  Status written;
  const auto size = bytes.size();
  for (size_t at = 0; at < size && written.ok(); at += kWritePiece) {
    watchdog_.arm(limits_.write_timeout);
    // Moved from only when it is the only piece. NOLINTNEXTLINE(bugprone-use-after-move)
    auto piece = size <= kWritePiece ? std::move(bytes) : bytes.substr(at, kWritePiece);
    written = co_await connection_->write(std::move(piece));
  }
  watchdog_.disarm();
  writing_ = false;
  broken_ = broken_ || !written.ok();
  co_return written;
}

// Closing while the peer still sends makes the kernel reset the connection, and the peer may lose
// the answer: read on for a moment. Cf. RFC 9112 §9.6.
Async<void> Session::say_goodbye() {
  inbox_.discard();
  watchdog_.arm(kGoodbye);
  writing_ = true;
  (void)co_await connection_->shutdown();
  if (!inbox_.ended()) (void)co_await inbox_.wait_for_end();
  writing_ = false;
}

void Session::on_expiry() {
  if (writing_) {
    connection_->close();
  } else {
    inbox_.interrupt();
  }
}

void Session::on_peer_gone() {
  if (exchange_ != nullptr) exchange_->end_stream();
}

void Session::stop() {
  stopping_ = true;
  inbox_.interrupt();
  if (exchange_ != nullptr) exchange_->end_stream();
}

}  // namespace gantry::http::beast
