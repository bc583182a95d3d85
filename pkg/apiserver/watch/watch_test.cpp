#include "pkg/apiserver/watch/watch.h"

#include <algorithm>

#include "api/kinds.h"
#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::apiserver {
namespace {

// A store whose watches end with one status, either at once or at their first change.
class EndingReader final : public store::Reader {
 public:
  EndingReader(Status end, bool at_once) : end_(std::move(end)), at_once_(at_once) {}

  store::RecordPtr find(const store::Key&) const override { return nullptr; }
  int64_t revision() const override { return 1; }
  int64_t changed_at(const store::Resource&) const override { return 1; }
  store::Page list(const store::Query&, const store::PageOf&) const override { return {}; }
  Async<Result<store::Page>> list_at(store::Query, store::PageOf, int64_t) override {
    co_return end_;
  }
  Async<Result<std::unique_ptr<store::RecordWatch>>> watch(store::Resource, std::string,
                                                           int64_t) override {
    if (at_once_) co_return end_;
    std::unique_ptr<store::RecordWatch> watch = std::make_unique<EndingWatch>(end_);
    co_return watch;
  }

 private:
  struct EndingWatch final : store::RecordWatch {
    explicit EndingWatch(Status status) : end(std::move(status)) {}
    Async<Result<std::vector<store::RecordChange>>> next(size_t) override { co_return end; }
    void interrupt() override {}
    int64_t revision() const override { return 1; }
    Status end;
  };
  Status end_;
  bool at_once_;
};

struct Collected final : http::ResponseStream {
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string chunk) override {
    text += chunk;
    co_return Status();
  }
  std::string text;
};

// The one event of a watch on such a store: "ERROR 410 Expired".
std::string told(const Status& end, bool at_once) {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  EndingReader reader(end, at_once);
  Collected stream;
  RequestInfo info;
  Watching watching{reader, clock, WatchLimits(1)};
  WatchRequest request(*api::find_by_resource("configmaps"), info, Accepted(), "somebody");
  auto served = serve_watch(watching, std::move(request), stream);
  EXPECT_FALSE(loop.block_on(clock, std::move(served)).has_value());
  const auto event = schema::parse_json(stream.text);
  if (!event.ok()) return stream.text;
  const auto* object = event->find("object");
  return event->string_or("type", "") + " " + std::to_string(object->integer_or("code", 0)) + " " +
         object->string_or("reason", "");
}

TEST(Watch, OnlyWhatHasExpiredIsToldSo) {
  for (const bool at_once : {true, false}) {
    EXPECT_EQ(told(store::expired("revision 3"), at_once), "ERROR 410 Expired");
    EXPECT_EQ(told(make_error(ErrorClass::transport, "the database is away"), at_once),
              "ERROR 503 ServiceUnavailable");
    EXPECT_EQ(told(make_error(ErrorClass::internal, "a bug"), at_once), "ERROR 500 InternalError");
  }
}

// Notes when each write came.
struct Timed final : http::ResponseStream {
  explicit Timed(async::Clock& by) : clock(by), began(by.now()) {}
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string chunk) override {
    const auto after = std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - began);
    const auto events = std::ranges::count(chunk, '\n');
    said.push_back(std::to_string(events) + " after " + std::to_string(after.count()) + " ms");
    co_return Status();
  }
  async::Clock& clock;
  Time began;
  std::vector<std::string> said;
};

// One change every 6 ms: the first is told at once, the others together.
TEST(Watch, TellsQuickChangesTogether) {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  SeededRandom random(1);
  store::memory::Disk disk(clock);
  store::memory::Database database(disk);
  store::CachedStore store(loop.executor(), database.backend(), clock, random);
  ASSERT_TRUE(loop.block_on(clock, store.start()).ok());
  Timed stream(clock);
  http::Request request;
  request.target = "/api/v1/configmaps?watch=true&timeoutSeconds=1";
  const auto info = parse_request(request);
  ASSERT_TRUE(info.ok());
  Watching watching{store.reader(), clock, WatchLimits(1)};
  const auto both = [&]() -> Async<Status> {
    async::Group group(loop.executor());
    group.spawn("writer", [&]() -> Async<Status> {
      for (int i = 0; i < 8; ++i) {
        GANTRY_CO_TRY(co_await clock.sleep_for(std::chrono::milliseconds(6)));
        Json object;
        object.member("metadata").set("name", "c" + std::to_string(i));
        object.member("metadata").set("namespace", "default");
        const auto created = co_await store.create("configmaps", std::move(object));
        GANTRY_CO_TRY(created.status());
      }
      co_return Status();
    });
    WatchRequest watch(*api::find_by_resource("configmaps"), *info, Accepted(), "somebody");
    (void)co_await serve_watch(watching, std::move(watch), stream);
    co_return co_await group.join();
  };
  EXPECT_TRUE(loop.block_on(clock, both()).ok());
  EXPECT_THAT(stream.said, ::testing::ElementsAre("1 after 6 ms", "3 after 26 ms", "3 after 46 ms",
                                                  "1 after 66 ms"));
  (void)loop.block_on(clock, store.stop());
}

// Takes ten minutes for each write, as the last one of a client that hardly reads.
struct Slow final : http::ResponseStream {
  explicit Slow(async::Clock& by) : clock(by) {}
  Async<Status> start(http::Response) override { co_return Status(); }
  Async<Status> write(std::string chunk) override {
    text += chunk;
    co_return co_await clock.sleep_for(std::chrono::minutes(10));
  }
  async::Clock& clock;
  std::string text;
};

// If the timer waited for the bookmark that the client does not take, it would spin for ever.
TEST(Watch, ASlowClientKeepsNobodyBusy) {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  SeededRandom random(1);
  store::memory::Disk disk(clock);
  store::memory::Database database(disk);
  store::CachedStore store(loop.executor(), database.backend(), clock, random);
  ASSERT_TRUE(loop.block_on(clock, store.start()).ok());
  Slow stream(clock);
  http::Request request;
  request.target = "/api/v1/configmaps?watch=true&allowWatchBookmarks=true&timeoutSeconds=1200";
  const auto info = parse_request(request);
  ASSERT_TRUE(info.ok());
  Watching watching{store.reader(), clock, WatchLimits(1)};
  WatchRequest watch(*api::find_by_resource("configmaps"), *info, Accepted(), "somebody");
  auto served = serve_watch(watching, std::move(watch), stream);
  EXPECT_FALSE(loop.block_on(clock, std::move(served)).has_value());
  EXPECT_EQ(watching.limits.open(), 0);
  EXPECT_THAT(stream.text, ::testing::HasSubstr("BOOKMARK"));
  (void)loop.block_on(clock, store.stop());
}

// Whoever else is ready does not wait until all watches have been told.
TEST(Pace, LetsOthersRunBetweenWatches) {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  Pace pace(clock);
  size_t told = 0;
  size_t told_before = 0;  // the other had his turn
  async::Event ready;
  const auto all = [&]() -> Async<Status> {
    async::Group group(loop.executor());
    for (size_t i = 0; i < 4 * kPaceAtOnce; ++i)
      group.spawn("watch", [&]() -> Async<Status> {
        const Status turned = co_await pace.turn();
        ++told;
        ready.set();
        co_return turned;
      });
    group.spawn("other", [&]() -> Async<Status> {
      GANTRY_CO_TRY(co_await ready.wait());
      told_before = told;
      co_return Status();
    });
    co_return co_await group.join();
  };
  EXPECT_TRUE(loop.block_on(clock, all()).ok());
  EXPECT_EQ(told, 4 * kPaceAtOnce);
  EXPECT_EQ(told_before, kPaceAtOnce);
}

// A change that all have waited for is no different: it comes to each at once, but not in one go.
TEST(Pace, LetsOthersRunBetweenWatchesThatWereIdle) {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  Pace pace(clock);
  size_t told = 0;
  size_t told_before = 0;  // the other had his turn
  async::Event changed;
  async::Event ready;
  const auto all = [&]() -> Async<Status> {
    async::Group group(loop.executor());
    for (size_t i = 0; i < 4 * kPaceAtOnce; ++i)
      group.spawn("watch", [&]() -> Async<Status> {
        GANTRY_CO_TRY(co_await changed.wait());
        GANTRY_CO_TRY(co_await pace.pass());
        ++told;
        ready.set();
        co_return Status();
      });
    group.spawn("other", [&]() -> Async<Status> {
      GANTRY_CO_TRY(co_await ready.wait());
      told_before = told;
      co_return Status();
    });
    co_await async::yield();
    co_await async::yield();
    changed.set();
    co_return co_await group.join();
  };
  const auto began = clock.now();
  EXPECT_TRUE(loop.block_on(clock, all()).ok());
  EXPECT_EQ(told, 4 * kPaceAtOnce);
  EXPECT_LE(told_before, 2 * kPaceAtOnce);
  EXPECT_EQ(clock.now(), began);
}

// He who keeps the time may go: the others have their turn early.
TEST(Pace, OutlivesWhoKeepsItsTime) {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'800'000'000)};
  Pace pace(clock);
  size_t told = 0;
  const auto all = [&]() -> Async<Status> {
    async::Group keeper(loop.executor());
    async::Group others(loop.executor());
    keeper.spawn("keeper", [&] { return pace.turn(); });
    co_await async::yield();
    co_await async::yield();
    for (size_t i = 0; i < 2 * kPaceAtOnce; ++i)
      others.spawn("watch", [&]() -> Async<Status> {
        const Status turned = co_await pace.turn();
        if (turned.ok()) ++told;
        co_return turned;
      });
    co_await async::yield();
    co_await async::yield();
    keeper.cancel();
    (void)co_await keeper.join();
    co_return co_await others.join();
  };
  EXPECT_TRUE(loop.block_on(clock, all()).ok());
  EXPECT_EQ(told, 2 * kPaceAtOnce);
}

}  // namespace
}  // namespace gantry::apiserver
