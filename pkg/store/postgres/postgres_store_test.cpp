// The store over a real PostgreSQL: order under concurrency, several processes, outages.
#include "pkg/async/deadline.h"
#include "pkg/store/postgres/postgres_store_world_test.h"

namespace gantry::store::postgres {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;

// For the tests that stop it.
testing::PrivateServer& fragile_server() {
  static const auto server = testing::PrivateServer::start();
  EXPECT_THAT(server, IsOk());
  const bool running = (*server)->is_running();
  EXPECT_THAT(running ? Status() : (*server)->restart(), IsOk());
  return **server;
}

TEST(PostgresStore, GivesManyCreatorsUniqueRevisionsInTheOrderOfTheWatch) {
  async::Loop loop;
  Daemon daemon(loop, fresh_database());
  auto watch = *daemon.store.watch(kApps, "", 0);
  async::Group group(loop.executor());
  std::set<int64_t> revisions;
  for (int creator = 0; creator < 32; ++creator) {
    group.spawn("creator", [&, creator]() -> Async<Status> {
      for (int i = 0; i < 10; ++i) {
        const auto name = "app-" + std::to_string(creator) + "-" + std::to_string(i);
        const auto made = co_await daemon.store.create(kApps, app(name));
        if (!made.ok()) co_return made.status();
        revisions.insert((*made)->revision);
        const auto read = daemon.store.get(Key{kApps, "default", name});
        EXPECT_TRUE(read.ok() && (*read)->revision == (*made)->revision);
      }
      co_return Status();
    });
  }
  EXPECT_THAT(daemon.run(group.join()), IsOk());
  EXPECT_EQ(revisions.size(), 320U);
  EXPECT_EQ(*revisions.rbegin(), 320);
  EXPECT_TRUE(is_dense(read_changes(daemon, *watch, 320), 1));
}

TEST(PostgresStore, ShowsTwoProcessesTheSameHistory) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  Daemon one(loop, conninfo);
  Daemon two(loop, conninfo);
  auto watch_one = *one.store.watch(kApps, "", 0);
  auto watch_two = *two.store.watch(kApps, "", 0);
  async::Group group(loop.executor());
  int writer = 0;
  for (auto* daemon : {&one, &two, &one, &two}) {
    group.spawn("writer", [daemon, id = writer++]() -> Async<Status> {
      for (int i = 0; i < 25; ++i) {
        const auto name = "app-" + std::to_string(id) + "-" + std::to_string(i);
        const auto made = co_await daemon->store.create(kApps, app(name));
        if (!made.ok()) co_return made.status();
      }
      co_return Status();
    });
  }
  EXPECT_THAT(one.run(group.join()), IsOk());
  const auto seen_one = read_changes(one, *watch_one, 100);
  const auto seen_two = read_changes(two, *watch_two, 100);
  EXPECT_TRUE(is_dense(seen_one, 1));
  EXPECT_TRUE(is_dense(seen_two, 1));
  for (size_t i = 0; i < 100; ++i)
    EXPECT_EQ(seen_one[i].object->record->text, seen_two[i].object->record->text);
}

TEST(PostgresStore, KnowsThePastOfTheProcessBefore) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  {
    Daemon before(loop, conninfo);
    ASSERT_THAT(before.create("a"), IsOk());
    ASSERT_THAT(before.create("b"), IsOk());
    ASSERT_THAT(before.run(before.store.update(kApps, Part::whole, app("a", 2))), IsOk());
    ASSERT_THAT(before.run(before.store.remove(Key{kApps, "default", "b"}, {})), IsOk());
  }
  Daemon daemon(loop, conninfo);
  auto watch = daemon.run(daemon.store.reader().watch(kApps, "", 1));
  ASSERT_THAT(watch, IsOk());
  std::vector<std::string> told;
  while (told.size() < 3) {
    const auto changes = daemon.run((*watch)->next(2));
    ASSERT_THAT(changes, IsOk());
    for (const auto& change : *changes)
      told.push_back(absl::StrFormat("%s@%d<%d", change.record->key.name, change.record->revision,
                                     change.previous ? change.previous->revision : 0));
  }
  EXPECT_THAT(told, ::testing::ElementsAre("b@2<0", "a@3<1", "b@4<2"));
  Query apps;
  apps.resource = kApps;
  const auto page = daemon.run(daemon.store.reader().list_at(apps, PageOf(), 2));
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->items.size(), 2U);
  EXPECT_EQ(page->items[0]->revision, 1);
  EXPECT_THAT(page->items[0]->text, ::testing::HasSubstr("\"replicas\":1"));
  EXPECT_EQ(page->items[1]->key.name, "b");
}

TEST(PostgresStore, WaitsForADatabaseThatTakesNoWrites) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  Daemon daemon(loop, conninfo);
  ASSERT_THAT(daemon.create("a"), IsOk());
  auto& server = testing::shared_server();
  const auto name = database_of(conninfo);
  const auto hang_up =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'";
  const auto set = "ALTER DATABASE \"" + name + "\" SET default_transaction_read_only = ";
  ASSERT_THAT(server.run(set + "on"), IsOk());
  ASSERT_THAT(server.run(hang_up), IsOk());
  const auto refused = daemon.create("b");
  EXPECT_THAT(refused, Fails(ErrorClass::transport, ::testing::HasSubstr("takes no writes since")));
  EXPECT_TRUE(retry_after(refused.status()).has_value());
  daemon.pass(1s);
  EXPECT_THAT(daemon.store.health(), Fails(ErrorClass::transport)) << "it can be read";
  ASSERT_THAT(server.run(set + "off"), IsOk());
  EXPECT_TRUE(daemon.recovers());
  EXPECT_THAT(daemon.create("b"), IsOk());
}

TEST(PostgresStore, HearsOfAnotherProcessSoon) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  Daemon one(loop, conninfo);
  Daemon two(loop, conninfo);
  auto watch = *two.store.watch(kApps, "", 0);
  two.pass(200ms);  // until it listens
  ASSERT_THAT(one.create("a"), IsOk());
  const auto began = two.clock.now();
  EXPECT_EQ(read_changes(two, *watch, 1).size(), 1U);
  EXPECT_LT(two.clock.now() - began, 5s);
}

TEST(PostgresStore, LetsOneOfTwoProcessesWinAnUpdate) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  Daemon one(loop, conninfo);
  const auto made = one.create("a");
  ASSERT_THAT(made, IsOk());
  Daemon two(loop, conninfo);
  Json change = app("a", 2);
  change.find("metadata")->set("resourceVersion", std::to_string((*made)->revision));
  async::Group group(loop.executor());
  int won = 0;
  int lost = 0;
  for (auto* daemon : {&one, &two}) {
    group.spawn("updater", [&, daemon]() -> Async<Status> {
      const auto done = co_await daemon->store.update(kApps, Part::main, change);
      if (done.ok()) ++won;
      if (!done.ok() && error_class(done.status()) == ErrorClass::conflict) ++lost;
      co_return Status();
    });
  }
  EXPECT_THAT(one.run(group.join()), IsOk());
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 1);
}

TEST(PostgresStore, OutlivesAnOutage) {
  async::Loop loop;
  auto& server = fragile_server();
  const auto conninfo = server.create_database();
  ASSERT_THAT(conninfo, IsOk());
  Daemon daemon(loop, *conninfo);
  auto watch = *daemon.store.watch(kApps, "", 0);
  ASSERT_THAT(daemon.create("before"), IsOk());
  server.stop_immediately();
  const auto began = daemon.clock.now();
  const auto refused = daemon.create("during");
  EXPECT_THAT(refused, Fails(ErrorClass::transport));
  EXPECT_EQ(retry_after(refused.status()), 5s);
  EXPECT_LT(daemon.clock.now() - began, 5s);
  EXPECT_THAT(daemon.store.health(), Fails(ErrorClass::transport));
  EXPECT_THAT(daemon.store.get(Key{kApps, "default", "before"}), IsOk());
  ASSERT_THAT(server.restart(), IsOk());
  ASSERT_TRUE(daemon.recovers()) << daemon.store.health();
  ASSERT_THAT(daemon.create("after"), IsOk());
  const auto changes = read_changes(daemon, *watch, 2);
  EXPECT_TRUE(is_dense(changes, 1));
}

TEST(PostgresStore, DoesNotHangWithAServerThatHangs) {
  async::Loop loop;
  auto& server = fragile_server();
  const auto conninfo = server.create_database();
  ASSERT_THAT(conninfo, IsOk());
  CachedStoreOptions options;
  options.commit_timeout = 500ms;
  Daemon daemon(loop, *conninfo, options);
  ASSERT_THAT(daemon.create("before"), IsOk());
  server.freeze();
  const auto began = daemon.clock.now();
  EXPECT_THAT(daemon.create("during"), Fails(ErrorClass::transport));
  EXPECT_LT(daemon.clock.now() - began, 5s);
  server.thaw();
  ASSERT_TRUE(daemon.recovers()) << daemon.store.health();
  // Its commit goes through after all, though nobody waits for it: the cache must come to say so.
  const auto name = database_of(*conninfo);
  daemon.pass(300ms);
  bool agree = false;
  for (int i = 0; i < 100 && !agree; ++i) {
    daemon.pass(100ms);
    const auto rows = server.run("SELECT count(*) FROM gantry.objects WHERE name = 'during'", name);
    agree = rows.ok() && (*rows == "1") == daemon.store.get(Key{kApps, "default", "during"}).ok();
  }
  EXPECT_TRUE(agree);
  EXPECT_THAT(daemon.create("after"), IsOk());
}

TEST(PostgresStore, EndsWhileTheServerHangs) {
  async::Loop loop;
  async::RealClock clock;
  auto& server = fragile_server();
  const auto conninfo = server.create_database();
  ASSERT_THAT(conninfo, IsOk());
  Time began;
  {
    Process process(loop, *conninfo);
    server.freeze();
    auto asked = process.database->leases().acquire("gantryd", "me", 10s);
    const auto answered =
        loop.block_on(async::with_deadline(clock, 300ms, "acquire", std::move(asked)));
    EXPECT_THAT(answered, Fails(ErrorClass::timeout));
    began = clock.now();
    process.database.reset();
  }
  EXPECT_LT(clock.now() - began, 5s);
  server.thaw();
}

TEST(PostgresStore, KeepsALargeStateOverARestart) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  {
    Daemon daemon(loop, conninfo);
    async::Group group(loop.executor());
    for (int i = 0; i < 3000; ++i) {
      group.spawn("creator", [&daemon, i]() -> Async<Status> {
        const auto made = co_await daemon.store.create(kApps, app("app-" + std::to_string(i)));
        co_return made.status();
      });
    }
    EXPECT_THAT(daemon.run(group.join()), IsOk());
  }
  Daemon reborn(loop, conninfo);
  EXPECT_EQ(reborn.store.list(kApps, "").items.size(), 3000U);
  EXPECT_EQ(reborn.store.revision(), 3000);
}

}  // namespace
}  // namespace gantry::store::postgres
