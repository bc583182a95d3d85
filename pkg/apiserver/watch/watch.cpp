#include "pkg/apiserver/watch/watch.h"

#include <deque>

#include "pkg/apiserver/present/presentation.h"
#include "pkg/apiserver/request/status.h"
#include "pkg/async/deadline.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using std::chrono::seconds;

// Clients ask for 5 to 10 minutes; without a wish the stream is closed after this.
constexpr seconds kDefaultTimeout{1800};
constexpr seconds kBookmarkEvery{60};

struct Options {
  int64_t revision = 0;
  bool from_now = false;  // a revision was named: no initial state
  bool bookmarks = false;
  bool initial_events_end = false;
  seconds timeout = kDefaultTimeout;
  std::string include;
};

Result<Options> parse_options(const RequestInfo& info) {
  Options options;
  const auto version = info.query("resourceVersion");
  const auto revision = version.empty() ? std::optional<int64_t>(0) : parse_integer(version);
  if (!revision || *revision < 0) return invalid("invalid resource version \"%s\"", version);
  options.revision = *revision;
  options.from_now = *revision > 0;
  options.bookmarks = info.query_bool("allowWatchBookmarks");
  options.include = info.query("includeObject", "Metadata");
  if (info.query_bool("sendInitialEvents")) {
    if (info.query("resourceVersionMatch") != "NotOlderThan")
      return invalid(
          "resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
          "resourceVersionMatch to NotOlderThan");
    options.from_now = false;
    options.initial_events_end = options.bookmarks;
  }
  if (const auto timeout = parse_integer(info.query("timeoutSeconds")); timeout && *timeout > 0)
    options.timeout = seconds(std::min<int64_t>(*timeout, 24 * 3600));
  return options;
}

class Stream {
 public:
  Stream(const api::meta::Kind& kind, Accepted accepted, Filter filter, Options options,
         async::Clock& clock)
      : kind_(kind),
        accepted_(accepted),
        filter_(std::move(filter)),
        options_(std::move(options)),
        clock_(clock) {}

  std::string initial(const std::vector<store::ObjectPtr>& objects) {
    std::string text;
    for (const auto& object : objects)
      if (filter_.matches(object->value)) text += event("ADDED", object->value, object->text);
    return text;
  }

  // With a selector, an object that leaves the chosen set is told as deleted, one that enters as
  // added.
  std::string changes(const std::vector<store::Change>& all) {
    std::string text;
    for (const auto& change : all) {
      const bool before = change.previous && filter_.matches(change.previous->value);
      const bool after =
          change.type != store::ChangeType::deleted && filter_.matches(change.object->value);
      if (!before && !after) continue;
      const auto* type = !before ? "ADDED" : after ? "MODIFIED" : "DELETED";
      text += event(type, change.object->value, change.object->text);
    }
    return text;
  }

  std::string bookmark(int64_t revision, bool initial_events_end) const {
    Json object;
    object.set("apiVersion", kind_.api_version());
    object.set("kind", std::string(kind_.kind));
    auto& metadata = object.member("metadata");
    metadata.set("resourceVersion", std::to_string(revision));
    if (initial_events_end) metadata.member("annotations").set("k8s.io/initial-events-end", "true");
    return line("BOOKMARK", schema::to_json(object));
  }

  // What ended the stream. Only what has expired makes clients list again.
  static std::string failure(const Status& status, const RequestInfo& info) {
    auto error = to_api_error(status, info);
    if (store::is_expired(status)) {
      error.code = 410;
      error.reason = "Expired";
    }
    return line("ERROR", schema::to_json(error.to_json()));
  }

  const Options& options() const { return options_; }

 private:
  static std::string line(std::string_view type, const std::string& object) {
    return "{\"type\":\"" + std::string(type) + "\",\"object\":" + object + "}\n";
  }

  std::string event(std::string_view type, const Json& object, const std::string& text) {
    if (accepted_.shape == Shape::object) return line(type, text);
    if (accepted_.shape == Shape::partial)
      return line(type, schema::to_json(partial_metadata(object)));
    auto table = make_table(kind_, {&object}, options_.include, clock_.now(), !headers_sent_);
    headers_sent_ = true;
    return line(type, schema::to_json(table));
  }

  const api::meta::Kind& kind_;
  Accepted accepted_;
  Filter filter_;
  Options options_;
  async::Clock& clock_;
  bool headers_sent_ = false;
};

Async<Status> pump(Stream& text, const RequestInfo& info, store::Watch& watch,
                   http::ResponseStream& out, async::Clock& clock) {
  const Time end = clock.now() + text.options().timeout;
  Time next_bookmark = clock.now() + kBookmarkEvery;
  while (clock.now() < end) {
    const Duration wait = std::min(end, next_bookmark) - clock.now();
    auto changes = co_await async::with_deadline(clock, wait, "watch", watch.next());
    std::string chunk;
    if (changes.ok()) {
      chunk = text.changes(*changes);
    } else if (error_class(changes.status()) != ErrorClass::timeout) {
      const bool stopping = error_class(changes.status()) == ErrorClass::cancelled;
      if (stopping) co_return changes.status();
      co_return co_await out.write(Stream::failure(changes.status(), info));
    }
    const bool due = text.options().bookmarks && clock.now() >= next_bookmark;
    if (clock.now() >= next_bookmark) next_bookmark = clock.now() + kBookmarkEvery;
    if (due) chunk += text.bookmark(watch.revision(), false);
    if (chunk.empty()) continue;
    GANTRY_CO_TRY(co_await out.write(std::move(chunk)));
  }
  if (!text.options().bookmarks) co_return Status();
  co_return co_await out.write(text.bookmark(watch.revision(), false));
}

Async<Status> run(store::Store& store, const api::meta::Kind& kind, const RequestInfo& info,
                  Stream& text, http::ResponseStream& out, async::Clock& clock) {
  http::Response head;
  head.headers["Content-Type"] = "application/json";
  GANTRY_CO_TRY(co_await out.start(head));
  int64_t from = text.options().revision;
  if (!text.options().from_now) {
    const auto list = store.list(kind.resource(), info.ns);
    from = list.revision;
    std::string chunk = text.initial(list.items);
    if (text.options().initial_events_end) chunk += text.bookmark(from, true);
    if (!chunk.empty()) GANTRY_CO_TRY(co_await out.write(std::move(chunk)));
  }
  auto watch = store.watch(kind.resource(), info.ns, from);
  if (!watch.ok()) co_return co_await out.write(Stream::failure(watch.status(), info));
  co_return co_await pump(text, info, **watch, out, clock);
}

}  // namespace

Async<std::optional<http::Response>> serve_watch(store::Store& store, const api::meta::Kind& kind,
                                                 const RequestInfo& info, Accepted accepted,
                                                 async::Clock& clock,
                                                 http::ResponseStream& stream) {
  auto options = parse_options(info);
  if (!options.ok()) co_return to_api_error(options.status(), info).to_response();
  auto filter = Filter::parse(kind, info);
  if (!filter.ok()) co_return to_api_error(filter.status(), info).to_response();
  Stream text(kind, accepted, *std::move(filter), *std::move(options), clock);
  // Whatever ended it, the stream has begun: there is nobody left to tell but the log.
  (void)co_await run(store, kind, info, text, stream, clock);
  co_return std::nullopt;
}

}  // namespace gantry::apiserver
