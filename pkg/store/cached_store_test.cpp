#include "pkg/store/cached_store.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/store/memory/memory.h"
#include "pkg/store/object.h"
#include "pkg/store/record.h"

namespace gantry::store {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using memory::Fault;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Resource kCached = "apps.gantry.dev";

Json app(const std::string& name, int replicas = 1) {
  return Json::Object{{"apiVersion", "gantry.dev/v1alpha1"},
                      {"kind", "App"},
                      {"metadata", Json::Object{{"name", name}, {"namespace", "default"}}},
                      {"spec", Json::Object{{"replicas", replicas}}}};
}

Json with_finalizer(Json object) {
  object.find("metadata")->set("finalizers", Json::Array{"gantry.dev/test"});
  return object;
}

Json at_revision(Json object, int64_t revision) {
  object.find("metadata")->set("resourceVersion", std::to_string(revision));
  return object;
}

Key key(const std::string& name) {
  return Key{kCached, "default", name};
}

std::vector<std::string> told(const std::vector<Change>& changes) {
  std::vector<std::string> lines;
  for (const auto& change : changes) {
    const char* type = change.type == ChangeType::added      ? "+"
                       : change.type == ChangeType::modified ? "~"
                                                             : "-";
    lines.push_back(type + change.object->key.name + "@" + std::to_string(change.object->revision));
  }
  return lines;
}

// A daemon's store on a disk that may outlive it.
struct Daemon {
  async::Loop& loop;
  async::SimulatedClock& clock;
  memory::Database database;
  SeededRandom random;
  CachedStore store;

  Daemon(async::Loop& l, async::SimulatedClock& c, memory::Disk& disk, uint64_t seed,
         CachedStoreOptions options)
      : loop(l),
        clock(c),
        database(disk),
        random(seed),
        store(loop.executor(), database.backend(), clock, random, options) {
    EXPECT_THAT(run(store.start()), IsOk());
  }
  ~Daemon() { EXPECT_THAT(run(store.stop()), IsOk()); }
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(clock, std::move(operation));
  }
  ObjectPtr create(Json object) {
    auto made = run(store.create(kCached, std::move(object)));
    EXPECT_THAT(made, IsOk());
    return made.ok() ? *made : nullptr;
  }
  std::vector<std::string> next(Watch& watch) {
    auto changes = run(watch.next());
    EXPECT_THAT(changes, IsOk());
    return changes.ok() ? told(*changes) : std::vector<std::string>{};
  }
};

struct CachedWorld {
  async::Loop loop;
  async::SimulatedClock clock{from_unix_seconds(1'795'000'000)};
  memory::Disk disk{clock};
  CachedStoreOptions options;
  std::unique_ptr<Daemon> daemon(uint64_t seed = 1) {
    return std::make_unique<Daemon>(loop, clock, disk, seed, options);
  }
  void pass(Duration duration) { (void)loop.block_on(clock, clock.sleep_for(duration)); }
};

TEST(CachedStore, ShowsAWriteOnceItIsAnswered) {
  CachedWorld world;
  auto daemon = world.daemon();
  const auto made = daemon->create(app("hello"));
  EXPECT_EQ(made->revision, 1);
  EXPECT_EQ(metadata_text(made->value, "resourceVersion"), "1");
  EXPECT_THAT(made->record->text, HasSubstr("\"resourceVersion\":\"1\""));
  const auto read = daemon->store.get(key("hello"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, made);
  EXPECT_EQ(daemon->store.revision(), 1);
  EXPECT_EQ(daemon->store.list(kCached, "default").items.size(), 1U);
  EXPECT_EQ(daemon->store.list(kCached, "other").items.size(), 0U);
  EXPECT_THAT(daemon->store.get(key("nobody")),
              Fails(ErrorClass::not_found, "apps.gantry.dev \"nobody\" not found"));
  EXPECT_THAT(daemon->run(daemon->store.create(kCached, app("hello"))),
              Fails(ErrorClass::already_exists, "apps.gantry.dev \"hello\" already exists"));
}

TEST(CachedStore, SurvivesARestart) {
  CachedWorld world;
  const auto uid = world.daemon()->create(app("hello"))->uid;
  auto reborn = world.daemon(2);
  const auto read = reborn->store.get(key("hello"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ((*read)->uid, uid);
  EXPECT_EQ((*read)->revision, 1);
}

TEST(CachedStore, TellsWatchersEveryChangeInOrder) {
  CachedWorld world;
  auto daemon = world.daemon();
  auto& store = daemon->store;
  daemon->create(app("a"));
  auto all = *store.watch(kCached, "", 0);
  auto later = *store.watch(kCached, "default", 1);
  auto elsewhere = *store.watch(kCached, "other", 1);
  EXPECT_THAT(daemon->next(*all), ElementsAre("+a@1"));
  daemon->create(with_finalizer(app("b")));
  EXPECT_THAT(daemon->run(store.update(kCached, Part::main, app("a", 2))), IsOk());
  EXPECT_THAT(daemon->run(store.update(kCached, Part::main, app("a", 2))), IsOk());
  EXPECT_THAT(daemon->run(store.remove(key("b"), {})), IsOk());
  EXPECT_THAT(daemon->run(store.update(kCached, Part::main, app("b"))), IsOk());
  EXPECT_THAT(daemon->run(store.remove(key("a"), {})), IsOk());
  const std::vector<std::string> expected{"+b@2", "~a@3", "~b@4", "-b@5", "-a@6"};
  EXPECT_EQ(daemon->next(*all), expected);
  EXPECT_EQ(daemon->next(*later), expected);
  EXPECT_EQ(all->revision(), 6);
  EXPECT_EQ(elsewhere->revision(), 6);
  EXPECT_EQ(store.list(kCached, "").items.size(), 0U);
}

TEST(CachedStore, AWatchThatFellBehindMustListAgain) {
  CachedWorld world;
  world.options.window.changes_max = 2;
  auto daemon = world.daemon();
  auto watch = *daemon->store.watch(kCached, "", 0);
  for (const auto* name : {"a", "b", "c"}) daemon->create(app(name));
  const auto changes = daemon->run(watch->next());
  EXPECT_TRUE(is_expired(changes.status())) << changes.status();
  EXPECT_TRUE(is_expired(daemon->store.watch(kCached, "", 99).status()));
  const auto again = daemon->store.watch(kCached, "", daemon->store.revision());
  EXPECT_THAT(again, IsOk());
}

TEST(CachedStore, CommitsWhatQueuesUpAsOneTransaction) {
  CachedWorld world;
  world.disk.latency = 10ms;
  int commits = 0;
  world.disk.decide = [&](std::string_view operation) {
    commits += operation == "commit" ? 1 : 0;
    return Fault::none;
  };
  auto daemon = world.daemon();
  async::Group group(world.loop.executor());
  std::vector<int64_t> revisions;
  for (int i = 0; i < 32; ++i) {
    group.spawn("writer", [&, i]() -> Async<Status> {
      auto made = co_await daemon->store.create(kCached, app("app-" + std::to_string(i)));
      EXPECT_THAT(made, IsOk());
      if (made.ok()) revisions.push_back((*made)->revision);
      co_return Status();
    });
  }
  EXPECT_THAT(daemon->run(group.join()), IsOk());
  std::vector<int64_t> expected(32);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<int64_t>(i) + 1;
  EXPECT_EQ(revisions, expected);
  EXPECT_LE(commits, 2);
}

TEST(CachedStore, GivesConcurrentWritesOfOneObjectToTheFirst) {
  CachedWorld world;
  world.disk.latency = 10ms;
  auto daemon = world.daemon();
  const auto revision = daemon->create(app("a"))->revision;
  async::Group group(world.loop.executor());
  int won = 0;
  int lost = 0;
  for (int i = 2; i < 7; ++i) {
    group.spawn("writer", [&, i]() -> Async<Status> {
      const auto done =
          co_await daemon->store.update(kCached, Part::main, at_revision(app("a", i), revision));
      if (done.ok()) ++won;
      if (!done.ok() && error_class(done.status()) == ErrorClass::conflict) ++lost;
      co_return Status();
    });
  }
  EXPECT_THAT(daemon->run(group.join()), IsOk());
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 4);
}

TEST(CachedStore, FindsAFreeGeneratedName) {
  CachedWorld world;
  auto daemon = world.daemon();
  Json object = app("");
  object.find("metadata")->erase("name");
  object.find("metadata")->set("generateName", "web-");
  // The same seed in another daemon would choose the same names.
  const auto first = daemon->create(object);
  auto twin = world.daemon(1);
  const auto second = twin->create(object);
  EXPECT_NE(first->key.name, second->key.name);
  EXPECT_EQ(first->key.name.substr(0, 4), "web-");
}

TEST(CachedStore, RefusesWritesAndServesReadsWhileTheDatabaseIsGone) {
  CachedWorld world;
  auto daemon = world.daemon();
  daemon->create(app("a"));
  world.disk.down = true;
  const auto began = world.clock.now();
  const auto refused = daemon->run(daemon->store.create(kCached, app("b")));
  EXPECT_THAT(refused, Fails(ErrorClass::transport, HasSubstr("database takes no writes since")));
  EXPECT_EQ(retry_after(refused.status()), 5s);
  EXPECT_LT(world.clock.now() - began, 10s);
  EXPECT_THAT(daemon->store.get(key("a")), IsOk());
  EXPECT_THAT(daemon->store.health(), Fails(ErrorClass::transport, HasSubstr("revision 1")));
  world.pass(1h);
  // Refused at once, never sent: nothing is unclear about it.
  const auto later = daemon->run(daemon->store.create(kCached, app("b")));
  EXPECT_THAT(later, Fails(ErrorClass::transport, Not(HasSubstr("whether this write"))));
  world.disk.down = false;
  world.pass(6s);
  EXPECT_THAT(daemon->store.health(), IsOk());
  EXPECT_EQ(daemon->create(app("b"))->revision, 2);
}

TEST(CachedStore, TellsTheTruthAboutAWriteWhoseAnswerWasLost) {
  CachedWorld world;
  auto daemon = world.daemon();
  auto watch = *daemon->store.watch(kCached, "", 0);
  world.disk.fail_next(Fault::lose_answer);
  // The follower makes calls too; this one belongs to the commit, the first call of the round.
  const auto lost = daemon->run(daemon->store.create(kCached, app("a")));
  EXPECT_THAT(lost, Fails(ErrorClass::transport, HasSubstr("whether this write was stored")));
  EXPECT_EQ(retry_after(lost.status()), 5s);
  EXPECT_THAT(daemon->next(*watch), ElementsAre("+a@1"));
  EXPECT_THAT(daemon->store.get(key("a")), IsOk());
  EXPECT_THAT(daemon->store.health(), IsOk());
}

TEST(CachedStore, SeesWhatAnotherProcessWrites) {
  CachedWorld world;
  auto one = world.daemon(1);
  auto two = world.daemon(2);
  auto watch = *two->store.watch(kCached, "", 0);
  one->create(app("a"));
  EXPECT_THAT(two->next(*watch), ElementsAre("+a@1"));
  two->create(app("b"));
  one->create(app("c"));
  EXPECT_THAT(one->run(one->store.update(kCached, Part::main, app("b", 2))), IsOk());
  std::vector<std::string> seen;
  while (seen.size() < 3)
    for (auto& line : two->next(*watch)) seen.push_back(line);
  EXPECT_THAT(seen, ElementsAre("+b@2", "+c@3", "~b@4"));
}

// The object that the writer was answered, not one that was parsed again for who watches.
TEST(CachedStore, KnowsItsOwnWriteWheneverTheFeedTellsOfIt) {
  for (const auto latency : {0ms, 2ms}) {
    CachedWorld world;
    world.disk.latency = latency;
    auto daemon = world.daemon();
    const auto watch = *daemon->store.watch(kCached, "", 0);
    for (int replicas = 1; replicas <= 3; ++replicas) {
      auto written =
          replicas == 1
              ? Result<ObjectPtr>(daemon->create(app("hello")))
              : daemon->run(daemon->store.update(kCached, Part::main, app("hello", replicas)));
      ASSERT_THAT(written, IsOk());
      const auto changes = daemon->run(watch->next());
      ASSERT_THAT(changes, IsOk());
      EXPECT_EQ(changes->front().object, *written) << latency.count();
      EXPECT_EQ(*daemon->store.get(key("hello")), *written) << latency.count();
    }
  }
}

TEST(CachedStore, SyncShowsWhatWasCommittedBefore) {
  CachedWorld world;
  auto daemon = world.daemon();
  auto second = world.daemon(2);
  second->create(app("hello"));
  EXPECT_THAT(daemon->run(daemon->store.sync()), IsOk());
  EXPECT_THAT(daemon->store.get(key("hello")), IsOk());
  world.disk.down = true;
  EXPECT_FALSE(daemon->run(daemon->store.sync()).ok());
}

TEST(CachedStore, JudgesAgainWhenAnotherProcessWasFaster) {
  CachedWorld world;
  auto one = world.daemon(1);
  auto two = world.daemon(2);
  one->create(app("a"));
  world.pass(1s);
  // Written behind two's back, in the same instant: its cache still has revision 1.
  world.disk.latency = 1ms;
  async::Group group(world.loop.executor());
  Result<ObjectPtr> conditional = make_error(ErrorClass::internal, "not asked");
  Result<ObjectPtr> plain = conditional;
  group.spawn("one", [&]() -> Async<Status> {
    const auto done = co_await one->store.update(kCached, Part::main, app("a", 2));
    co_return done.status();
  });
  group.spawn("two", [&]() -> Async<Status> {
    plain = co_await two->store.update(kCached, Part::main, app("a", 3));
    co_return Status();
  });
  group.spawn("two as well", [&]() -> Async<Status> {
    conditional = co_await two->store.update(kCached, Part::main, at_revision(app("a", 4), 1));
    co_return Status();
  });
  EXPECT_THAT(two->run(group.join()), IsOk());
  EXPECT_THAT(conditional, Fails(ErrorClass::conflict, HasSubstr("the object has been modified")));
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ((*plain)->revision, 3);
}

TEST(CachedStore, LoadsAgainWhenTheFeedDoesNotReachBack) {
  CachedWorld world;
  auto one = world.daemon(1);
  auto two = world.daemon(2);
  auto watch = *two->store.watch(kCached, "", 0);
  // Retention is always a little faster than the reader.
  world.disk.decide = [&](std::string_view) {
    world.disk.trim_feed(world.disk.image.revision);
    return Fault::none;
  };
  one->create(app("a"));
  const auto changes = two->run(watch->next());
  EXPECT_TRUE(is_expired(changes.status())) << changes.status();
  EXPECT_THAT(two->store.get(key("a")), IsOk());
}

TEST(CachedStore, FollowsADatabaseThatWasRestoredFromABackup) {
  CachedWorld world;
  auto daemon = world.daemon();
  daemon->create(app("a"));
  const auto backup = world.disk.snapshot();
  daemon->create(app("b"));
  auto watch = *daemon->store.watch(kCached, "", 2);
  world.disk.restore(backup);
  const auto changes = daemon->run(watch->next());
  EXPECT_TRUE(is_expired(changes.status())) << changes.status();
  EXPECT_THAT(daemon->store.get(key("b")), Fails(ErrorClass::not_found));
  EXPECT_THAT(daemon->store.get(key("a")), IsOk());
}

TEST(CachedStore, NoticesAnotherHistoryBehindTheSameNumbers) {
  CachedWorld world;
  auto daemon = world.daemon();
  daemon->create(app("a"));
  const auto yesterday = world.disk.snapshot();
  daemon->create(app("b"));
  daemon->create(app("c"));
  const auto today = world.disk.snapshot();
  world.disk.restore(yesterday);
  world.pass(10s);
  daemon->create(app("x"));
  world.disk.restore(today);
  world.pass(10s);
  EXPECT_THAT(daemon->store.get(key("x")), Fails(ErrorClass::not_found));
  EXPECT_THAT(daemon->store.get(key("b")), IsOk());
  EXPECT_THAT(daemon->store.get(key("c")), IsOk());
}

// The same object at the same revision, but for a member that stands beside its version.
TEST(CachedStore, NoticesAnotherHistoryThatDiffersBesideTheVersion) {
  CachedWorld world;
  auto daemon = world.daemon();
  daemon->create(app("a"));
  const auto yesterday = world.disk.snapshot();
  auto value = (*daemon->store.get(key("a")))->value;
  value.find("metadata")->set("annotations", Json::Object{{"note", "x"}});
  EXPECT_THAT(daemon->run(daemon->store.update(kCached, Part::main, value)), IsOk());
  const auto elsewhere = world.disk.snapshot();
  world.disk.restore(yesterday);
  world.pass(10s);
  Json owner = Json::Object{{"apiVersion", "v1"}, {"kind", "App"}, {"name", "o"}, {"uid", "1"}};
  value.find("metadata")->set("ownerReferences", Json::Array{owner});
  value.find("metadata")->set("resourceVersion", "1");
  EXPECT_THAT(daemon->run(daemon->store.update(kCached, Part::main, value)), IsOk());
  EXPECT_EQ((*daemon->store.get(key("a")))->revision, 2);
  world.disk.restore(elsewhere);
  world.pass(2min);
  const auto found = *daemon->store.get(key("a"));
  EXPECT_EQ(found->value.find_path({"metadata", "ownerReferences"}), nullptr);
}

// What was erased last is carried by no object, and is part of history all the same.
TEST(CachedStore, NoticesAnotherHistoryRightAfterALoadWhoseNewestChangeIsAnErase) {
  CachedWorld world;
  auto first = world.daemon(1);
  first->create(app("a"));
  const auto yesterday = world.disk.snapshot();
  first->create(app("b"));
  EXPECT_THAT(first->run(first->store.remove(key("b"), {})), IsOk());
  first.reset();
  const auto today = world.disk.snapshot();
  world.disk.restore(yesterday);
  auto second = world.daemon(2);
  second->create(app("x"));
  second->create(app("y"));
  second.reset();
  const auto elsewhere = world.disk.snapshot();
  world.disk.restore(today);
  auto daemon = world.daemon(3);
  world.disk.restore(elsewhere);
  world.pass(1min);
  EXPECT_THAT(daemon->store.get(key("x")), IsOk());
  EXPECT_THAT(daemon->store.get(key("y")), IsOk());
}

TEST(CachedStore, FollowsAFeedThatIsTrimmedUpToWhatItKnows) {
  CachedWorld world;
  auto one = world.daemon(1);
  auto two = world.daemon(2);
  one->create(app("a"));
  world.pass(10s);
  auto watch = *two->store.watch(kCached, "", world.disk.image.revision);
  world.disk.trim_feed(world.disk.image.revision);
  one->create(app("b"));
  EXPECT_THAT(two->run(watch->next()), IsOk());
  EXPECT_THAT(two->store.get(key("b")), IsOk());
}

TEST(CachedStore, IsRefusedOnceAnotherHoldsTheLease) {
  CachedWorld world;
  auto one = world.daemon(1);
  auto two = world.daemon(2);
  const auto lease = one->run(one->database.leases().acquire("gantryd", "one", 15s));
  ASSERT_THAT(lease, IsOk());
  one->database.leases().fence("gantryd", lease->epoch);
  one->create(app("a"));
  world.pass(16s);
  EXPECT_THAT(two->run(two->database.leases().acquire("gantryd", "two", 15s)), IsOk());
  EXPECT_THAT(one->run(one->store.create(kCached, app("b"))),
              Fails(ErrorClass::held, HasSubstr("two holds epoch 2")));
  EXPECT_THAT(one->store.health(), IsOk());
}

TEST(CachedStore, WhoWasStoppedWritesNothingThatWasNotSent) {
  CachedWorld world;
  world.disk.latency = 10ms;
  auto daemon = world.daemon();
  daemon->create(app("a"));
  async::Group group(world.loop.executor());
  for (int i = 2; i < 4; ++i)
    group.spawn("writer", [&, i]() -> Async<Status> {
      co_return (co_await daemon->store.update(kCached, Part::main, app("a", i))).status();
    });
  world.pass(1ms);
  group.stop();
  (void)daemon->run(group.join());
  world.pass(1s);
  const auto left = *daemon->store.get(key("a"));
  EXPECT_EQ(left->value.find_path({"spec", "replicas"})->as_integer(), 2);
}

TEST(CachedStore, AnswersEverythingWhenItStops) {
  CachedWorld world;
  world.disk.latency = 10ms;
  auto daemon = world.daemon();
  async::Group group(world.loop.executor());
  int answered = 0;
  for (int i = 0; i < 5; ++i) {
    group.spawn("writer", [&, i]() -> Async<Status> {
      (void)co_await daemon->store.create(kCached, app("app-" + std::to_string(i)));
      ++answered;
      co_return Status();
    });
  }
  Status watched;
  auto watch = *daemon->store.watch(kCached, "none", 0);
  group.spawn("watcher", [&]() -> Async<Status> {
    const auto changes = co_await watch->next();
    watched = changes.status();
    co_return Status();
  });
  world.pass(1ms);
  EXPECT_THAT(daemon->run(daemon->store.abandon()), IsOk());
  EXPECT_THAT(daemon->run(group.join()), IsOk());
  EXPECT_EQ(answered, 5);
  EXPECT_THAT(watched, Fails(ErrorClass::cancelled));
  EXPECT_THAT(daemon->run(daemon->store.create(kCached, app("late"))),
              Fails(ErrorClass::cancelled));
}

// Whatever goes wrong and whenever: what was acknowledged is there, and watchers hear each change
// once and in order.
TEST(CachedStore, LosesNothingUnderRandomFaults) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    CachedWorld world;
    world.disk.latency = 2ms;
    auto daemon = world.daemon(seed);
    SeededRandom dice(seed * 977);
    world.disk.decide = [&](std::string_view) {
      const auto roll = dice.below(10);
      return roll == 0 ? Fault::fail : roll == 1 ? Fault::lose_answer : Fault::none;
    };
    std::map<std::string, int64_t> acknowledged;
    async::Group group(world.loop.executor());
    for (int writer = 0; writer < 4; ++writer) {
      group.spawn("writer", [&, writer]() -> Async<Status> {
        for (int i = 0; i < 40; ++i) {
          const auto name = "app-" + std::to_string(writer) + "-" + std::to_string(i);
          const auto made = co_await daemon->store.create(kCached, app(name));
          if (made.ok()) acknowledged[name] = (*made)->revision;
          (void)co_await world.clock.sleep_for(300ms);
        }
        co_return Status();
      });
    }
    auto watch = *daemon->store.watch(kCached, "", 0);
    EXPECT_THAT(daemon->run(group.join()), IsOk());
    world.disk.decide = nullptr;
    world.pass(10s);
    EXPECT_THAT(daemon->store.health(), IsOk());
    EXPECT_GT(acknowledged.size(), 3U);
    for (const auto& [name, revision] : acknowledged) {
      const auto read = daemon->store.get(key(name));
      ASSERT_THAT(read, IsOk());
      EXPECT_EQ((*read)->revision, revision);
    }
    int64_t last = 0;
    const auto changes = daemon->run(watch->next());
    ASSERT_THAT(changes, IsOk());
    for (const auto& change : *changes) EXPECT_EQ(change.object->revision, ++last);
    EXPECT_EQ(last, world.disk.image.revision);
  }
}

}  // namespace
}  // namespace gantry::store
