#include "pkg/apiserver/watch/watch.h"

#include "pkg/apiserver/present/renderer.h"
#include "pkg/apiserver/query/filter.h"
#include "pkg/apiserver/query/list_options.h"
#include "pkg/apiserver/read/read.h"
#include "pkg/async/group.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

constexpr Duration kBookmarkEvery = std::chrono::seconds(60);
// Events of one write to the connection: a watcher never has more than this under way.
// Small enough to stay in the processor's cache until it is encrypted.
constexpr size_t kChunk = 48 * 1024;
constexpr size_t kChangesAtOnce = 256;

// What follows a full chunk is as long, most often.
std::string take(std::string& chunk) {
  std::string taken;
  taken.swap(chunk);
  chunk.reserve(taken.size());
  return taken;
}

// The text of one watch's events.
class Events {
 public:
  Events(const api::meta::Kind& kind, const RequestInfo& info, const Accepted& accepted,
         const store::Selector& selector, const async::Clock& clock)
      : kind_(kind),
        info_(info),
        accepted_(compact(accepted)),
        selector_(selector),
        clock_(clock),
        renderer_(kind_, accepted_, info_.query("includeObject"), clock_.now()) {}

  void append_added(const store::Record& record, std::string& out) { append("ADDED", record, out); }

  // With a selector, an object that leaves the chosen set is told as deleted, one that enters as
  // added.
  void append_change(const store::RecordChange& change, std::string& out) {
    const bool before = change.previous && selector_.matches(*change.previous);
    const bool after =
        change.type != store::ChangeType::deleted && selector_.matches(*change.record);
    if (!before && !after) return;
    append(after ? (before ? "MODIFIED" : "ADDED") : "DELETED", *change.record, out);
  }

  void append_bookmark(int64_t revision, bool initial_events_end, std::string& out) const {
    append_line("BOOKMARK", renderer_.bookmark(revision, initial_events_end), out);
  }

  // What ended the stream. Only what has expired makes clients list again.
  void append_failure(const Status& status, std::string& out) const {
    auto error = to_api_error(status, info_);
    if (store::is_expired(status)) {
      const auto text = message_of(status);
      error = ApiError();
      error.code = 410;
      error.reason = "Expired";
      const std::string_view prefix = "expired: ";
      error.message = text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    }
    append_line("ERROR", schema::to_json(error.to_json()), out);
  }

 private:
  // Events are lines: neither YAML nor indented.
  static Accepted compact(Accepted accepted) {
    accepted.yaml = false;
    accepted.pretty = false;
    return accepted;
  }
  static void append_line(std::string_view type, const std::string& object, std::string& out) {
    out.append(R"({"type":")").append(type).append(R"(","object":)");
    out.append(object).append("}\n");
  }

  void append(std::string_view type, const store::Record& record, std::string& out) {
    out.append(R"({"type":")").append(type).append(R"(","object":)");
    if (accepted_.shape == Shape::table) renderer_.set_now(clock_.now());
    renderer_.append_event(record, !std::exchange(columns_sent_, true), out);
    out.append("}\n");
  }

  const api::meta::Kind& kind_;
  const RequestInfo& info_;
  Accepted accepted_;
  const store::Selector& selector_;
  const async::Clock& clock_;
  Renderer renderer_;
  bool columns_sent_ = false;
};

class Stream {
 public:
  Stream(Watching& watching, const WatchRequest& request, const WatchOptions& options,
         const store::Query& query, http::ResponseStream& out)
      : watching_(watching),
        options_(options),
        query_(query),
        out_(out),
        events_(request.kind, request.info, request.accepted, query.selector, watching.clock) {}

  Async<Status> run() {
    end_ = watching_.clock.now() + options_.timeout;
    http::Response head;
    head.headers["Content-Type"] = "application/json";
    GANTRY_CO_TRY(co_await out_.start(std::move(head)));
    const auto wanted = options_.revision ? options_.revision : options_.not_older;
    if (wanted) {
      auto late = co_await wait_for_revision(watching_.reader, watching_.clock, *wanted);
      if (late) co_return co_await fail(not_there_yet(*wanted));
    }
    auto watch = co_await open();
    if (!watch.ok()) co_return co_await fail(watch.status());
    co_return co_await pump(**watch);
  }

 private:
  // A watch on what follows, after the current state was sent where that is asked for.
  Async<Result<std::unique_ptr<store::RecordWatch>>> open() {
    store::Page current;
    if (options_.current_state) current = watching_.reader.list(query_, store::PageOf());
    const int64_t from = options_.revision.value_or(watching_.reader.revision());
    // Before anything is sent: what happens meanwhile is not missed.
    auto watch = co_await watching_.reader.watch(query_.resource, query_.ns, from);
    if (!watch.ok() || !options_.current_state) co_return watch;
    std::string chunk;
    for (auto& item : current.items) {
      events_.append_added(*item, chunk);
      item.reset();
      const bool full = chunk.size() >= kChunk;
      if (full) GANTRY_CO_TRY(co_await out_.write(take(chunk)));
    }
    if (options_.initial_events_end) events_.append_bookmark(from, true, chunk);
    if (!chunk.empty()) GANTRY_CO_TRY(co_await out_.write(std::move(chunk)));
    co_return watch;
  }

  Async<Status> pump(store::RecordWatch& watch) {
    const auto executor = co_await asio::this_coro::executor;
    async::Group timer(executor);
    timer.spawn("watch timer", [&] { return ring(watch); });
    const Status ended = co_await tell(watch);
    timer.stop();
    (void)co_await timer.join();
    co_return ended;
  }

  // Wakes the watch when a bookmark or the end is due. It never waits for the client to take what
  // it was sent.
  Async<Status> ring(store::RecordWatch& watch) {
    while (watching_.clock.now() < end_) {
      const Time due = std::min(end_, watching_.clock.now() + kBookmarkEvery);
      GANTRY_CO_TRY(co_await watching_.clock.sleep_until(due));
      bookmark_due_ = true;
      watch.interrupt();
    }
    co_return Status();
  }

  Async<Status> tell(store::RecordWatch& watch) {
    while (watching_.clock.now() < end_) {
      const auto changes = co_await watch.next(kChangesAtOnce);
      const bool stopping = error_class(changes.status()) == ErrorClass::cancelled;
      if (stopping) co_return co_await stop_with_bookmark(watch);
      if (!changes.ok()) co_return co_await fail(changes.status());
      GANTRY_CO_TRY(co_await watching_.pace.pass());
      std::string chunk;
      for (const auto& change : *changes) {
        events_.append_change(change, chunk);
        const bool full = chunk.size() >= kChunk;
        if (full) GANTRY_CO_TRY(co_await out_.write(take(chunk)));
      }
      append_due_bookmark(watch, chunk);
      if (chunk.empty()) continue;
      GANTRY_CO_TRY(co_await out_.write(std::move(chunk)));
      GANTRY_CO_TRY(co_await watching_.pace.turn());
    }
    co_return co_await stop_with_bookmark(watch);
  }

  void append_due_bookmark(const store::RecordWatch& watch, std::string& chunk) {
    const bool due = std::exchange(bookmark_due_, false) && watching_.clock.now() < end_;
    if (due && options_.bookmarks) events_.append_bookmark(watch.revision(), false, chunk);
  }

  // Where to go on, said last.
  Async<Status> stop_with_bookmark(store::RecordWatch& watch) {
    if (!options_.bookmarks) co_return Status();
    std::string line;
    events_.append_bookmark(watch.revision(), false, line);
    co_return co_await out_.write(std::move(line));
  }

  Async<Status> fail(Status status) {
    std::string line;
    events_.append_failure(status, line);
    co_return co_await out_.write(std::move(line));
  }

  // Newer than anything here: a restored backup has that effect, so the client shall list again.
  Status not_there_yet(int64_t wanted) const {
    return store::expired(
        absl::StrFormat("too new resource version: %d (%d)", wanted, watching_.reader.revision()));
  }

  Watching& watching_;
  const WatchOptions& options_;
  const store::Query& query_;
  http::ResponseStream& out_;
  Events events_;
  Time end_;
  bool bookmark_due_ = false;
};

ApiError too_many_watches(const RequestInfo& info, const std::string& client) {
  ApiError error;
  error.code = 429;
  error.reason = "TooManyRequests";
  error.group = info.group;
  error.kind = info.plural;
  error.message = "client \"" + client + "\" has too many watches open; close some";
  error.retry_after_seconds = 10;
  return error;
}

}  // namespace

Async<std::optional<http::Response>> serve_watch(Watching& watching, WatchRequest request,
                                                 http::ResponseStream& stream) {
  WatchOptions options;
  if (auto wrong = read_watch_options(request.info, options)) co_return wrong->to_response();
  const auto query = parse_query(request.kind, request.info);
  if (!query.ok()) co_return bad_request(message_of(query.status())).to_response();
  const auto place = watching.limits.take(request.client);
  if (!place) co_return too_many_watches(request.info, request.client).to_response();
  Stream events(watching, request, options, *query, stream);
  // Whatever ended it, the stream has begun: there is nobody left to tell but the log.
  (void)co_await events.run();
  co_return std::nullopt;
}

}  // namespace gantry::apiserver
