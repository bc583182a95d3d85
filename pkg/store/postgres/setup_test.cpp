// Connecting, migrating, and the small translations of the driver.
#include "pkg/async/deadline.h"
#include "pkg/store/postgres/conninfo.h"
#include "pkg/store/postgres/migrations.h"
#include "pkg/store/postgres/postgres_world_test.h"
#include "pkg/store/postgres/sql_errors.h"

namespace gantry::store::postgres {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Result<std::string> open_once(const std::string& conninfo) {
  async::Loop loop;
  async::BlockingPool pool("postgres", 2, 16);
  const auto opened = loop.block_on(open(options_for(conninfo), pool));
  if (!opened.ok()) return opened.status();
  return (*opened)->installation();
}

TEST(Migrations, AreNumberedFromOneWithoutGaps) {
  int expected = 0;
  for (const auto& step : migrations()) EXPECT_EQ(step.number, ++expected) << step.name;
}

TEST(Migrations, RunOnceAndKeepTheInstallation) {
  const auto conninfo = fresh_database();
  const auto first = open_once(conninfo);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->size(), 36U);
  EXPECT_THAT(open_once(conninfo), IsOkAndHolds(*first));
  EXPECT_NE(*open_once(fresh_database()), *first);
}

TEST(Migrations, RunOnceWhenManyStartTogether) {
  const auto conninfo = fresh_database();
  async::Loop loop;
  async::BlockingPool pool("postgres", 4, 16);
  async::Group group(loop.executor());
  std::set<std::string> installations;
  for (int i = 0; i < 4; ++i) {
    group.spawn("opener", [&]() -> Async<Status> {
      const auto options = options_for(conninfo);
      const auto opened = co_await open(options, pool);
      if (opened.ok()) installations.insert((*opened)->installation());
      co_return opened.status();
    });
  }
  EXPECT_THAT(loop.block_on(group.join()), IsOk());
  EXPECT_EQ(installations.size(), 1U);
}

TEST(Migrations, RefuseANewerSchema) {
  const auto conninfo = fresh_database();
  ASSERT_THAT(open_once(conninfo), IsOk());
  ASSERT_THAT(testing::shared_server().run(
                  "INSERT INTO gantry.migrations (number, name) VALUES (99, 'future')",
                  database_of(conninfo)),
              IsOk());
  EXPECT_THAT(open_once(conninfo),
              Fails(ErrorClass::unsupported, HasSubstr("version 99 and this program knows")));
}

TEST(Migrations, LeaveNothingBehindWhenOneFails) {
  const auto conninfo = fresh_database();
  Session session(*make_conninfo(options_for(conninfo)));
  const std::vector<Migration> broken{{1, "good", migrations()[0].sql},
                                      {2, "bad", "CREATE TABLE gantry.x (y no_such_type)"}};
  EXPECT_ANY_THROW((void)migrate(session, broken, "id"));
  EXPECT_THAT(testing::shared_server().run("SELECT count(*) FROM pg_namespace WHERE nspname = "
                                           "'gantry'",
                                           database_of(conninfo)),
              IsOkAndHolds("0"));
}

TEST(Open, SaysWhatItCannotReachAndNeverThePassword) {
  for (const std::string conninfo :
       {"host=/nonexistent dbname=x user=y password=swordfish",
        "host=/nonexistent nonsense swordfish", "postgresql://y:swordfish@/x?host=/nonexistent"}) {
    const auto opened = open_once(conninfo);
    ASSERT_FALSE(opened.ok());
    EXPECT_THAT(message_of(opened.status()), Not(HasSubstr("swordfish")));
  }
  EXPECT_THAT(open_once("host=/nonexistent dbname=x"),
              Fails(ErrorClass::transport, HasSubstr("PostgreSQL x at /nonexistent:5432")));
  EXPECT_THAT(open_once("dbname"), Fails(ErrorClass::invalid));
}

TEST(Open, RefusesADatabaseThatBecameAnothers) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  async::BlockingPool pool("postgres", 2, 16);
  const auto opened = loop.block_on(open(options_for(conninfo), pool));
  ASSERT_THAT(opened, IsOk());
  auto& server = testing::shared_server();
  const auto name = database_of(conninfo);
  ASSERT_THAT(server.run("UPDATE gantry.meta SET installation = 'another'", name), IsOk());
  ASSERT_THAT(
      server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name +
                 "' AND pid <> pg_backend_pid()"),
      IsOk());
  (void)server.run("SELECT pg_sleep(0.2)");
  EXPECT_THAT(loop.block_on((*opened)->backend().load()),
              Fails(ErrorClass::transport, HasSubstr("another installation's database")));
}

TEST(Conninfo, AddsWhatIsMissingAndKeepsWhatIsGiven) {
  auto options = options_for("host=db.example.com connect_timeout=9 options='-c work_mem=8MB'");
  options.password = R"(it's a \ secret)";
  const auto text = make_conninfo(options);
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(*text, HasSubstr("connect_timeout='9'"));
  EXPECT_THAT(*text, HasSubstr(R"(password='it\'s a \\ secret')"));
  EXPECT_THAT(*text, HasSubstr("-c work_mem=8MB -c synchronous_commit=on"));
  EXPECT_THAT(*text, HasSubstr("tcp_user_timeout='10000'"));
  EXPECT_THAT(describe(options), Not(HasSubstr("secret")));
}

TEST(SqlErrors, KeepTheirClass) {
  struct Row {
    const char* state;
    ErrorClass error;
  };
  for (const auto& row : std::vector<Row>{{"08006", ErrorClass::transport},
                                          {"57P01", ErrorClass::transport},
                                          {"57014", ErrorClass::timeout},
                                          {"55P03", ErrorClass::timeout},
                                          {"53100", ErrorClass::transport},
                                          {"53300", ErrorClass::transport},
                                          {"28P01", ErrorClass::auth},
                                          {"42501", ErrorClass::permission},
                                          {"42P01", ErrorClass::schema},
                                          {"23505", ErrorClass::already_exists},
                                          {"40P01", ErrorClass::conflict},
                                          {"22021", ErrorClass::invalid},
                                          {"XX001", ErrorClass::remote},
                                          {"99999", ErrorClass::remote}})
    EXPECT_EQ(class_of_sqlstate(row.state), row.error) << row.state;
}

TEST(Arrays, QuoteEveryText) {
  EXPECT_EQ(text_array({}), "{}");
  EXPECT_EQ(text_array({"a", "", "NULL", R"(b"\c{,})"}), R"({"a","","NULL","b\"\\c{,}"})");
  EXPECT_EQ(number_array({1, -2}), "{1,-2}");
}

TEST(Listener, EndsAWaitThatNobodyListensToWhenTheNextBegins) {
  async::Loop loop;
  async::RealClock clock;
  Process process(loop, fresh_database());
  auto& backend = process.database->backend();
  ASSERT_THAT(loop.block_on(backend.load()), IsOk());
  const auto began = clock.now();
  for (int i = 0; i < 8; ++i) {  // twice as often as there are threads
    auto waiting = backend.wait_for_change(std::chrono::minutes(1));
    (void)loop.block_on(
        async::with_deadline(clock, std::chrono::milliseconds(50), "wait", std::move(waiting)));
  }
  EXPECT_THAT(loop.block_on(backend.load()), IsOk());
  EXPECT_LT(clock.now() - began, std::chrono::seconds(20));
}

std::vector<std::string> partitions(const std::string& conninfo) {
  pqxx::connection connection(conninfo);
  pqxx::work transaction(connection);
  std::vector<std::string> names;
  for (const auto& row : transaction.exec(
           "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
           "WHERE i.inhparent = 'gantry.changes'::regclass ORDER BY substr(c.relname, 9)::bigint"))
    names.push_back(row[0].as<std::string>());
  return names;
}

std::vector<Write> ten_writes() {
  std::vector<Write> writes(10);
  for (size_t i = 0; i < writes.size(); ++i)
    writes[i].key = Key{"apps", "default", "app-" + std::to_string(i)};
  return writes;
}

TEST(Retention, DropsWhatIsTooMuchByWholePartitions) {
  async::Loop loop;
  auto options = options_for(fresh_database());
  options.feed_changes_max = 3;
  options.feed_partition_changes = 2;
  async::BlockingPool pool("postgres", 2, 16);
  const auto database = loop.block_on(open(options, pool));
  ASSERT_THAT(database, IsOk());
  auto& backend = (*database)->backend();
  ASSERT_THAT(loop.block_on(backend.commit(ten_writes())), IsOk());
  EXPECT_THAT(partitions(options.conninfo),
              ElementsAre("changes_1", "changes_3", "changes_5", "changes_7", "changes_9"));
  (void)loop.block_on(backend.wait_for_change(std::chrono::milliseconds(1)));
  EXPECT_THAT(partitions(options.conninfo), ElementsAre("changes_7", "changes_9"));
  EXPECT_TRUE(is_expired(loop.block_on(backend.changes_since(5, 10)).status()));
  EXPECT_THAT(loop.block_on(backend.changes_since(6, 10)), IsOk());
  EXPECT_TRUE(is_expired(loop.block_on(backend.changes_of("apps", 5, 10)).status()));
}

TEST(Retention, KeepsNobodyWaitingWhileABackupIsTaken) {
  async::Loop loop;
  auto options = options_for(fresh_database());
  options.feed_changes_max = 3;
  options.feed_partition_changes = 2;
  async::BlockingPool pool("postgres", 2, 16);
  const auto database = loop.block_on(open(options, pool));
  ASSERT_THAT(database, IsOk());
  auto& backend = (*database)->backend();
  ASSERT_THAT(loop.block_on(backend.commit(ten_writes())), IsOk());
  {
    pqxx::connection connection(options.conninfo);
    pqxx::work dump(connection);
    dump.exec("LOCK TABLE gantry.changes IN ACCESS SHARE MODE");
    async::RealClock clock;
    const auto began = clock.now();
    (void)loop.block_on(backend.wait_for_change(std::chrono::milliseconds(1)));
    EXPECT_LT(clock.now() - began, std::chrono::seconds(2));
    EXPECT_EQ(partitions(options.conninfo).size(), 5U);
  }
  for (int i = 0; i < 4; ++i)
    (void)loop.block_on(backend.wait_for_change(std::chrono::milliseconds(1)));
  EXPECT_THAT(partitions(options.conninfo), ElementsAre("changes_7", "changes_9"));
}

TEST(Retention, DropsWhatIsTooOldButNeverWhatIsBeingWritten) {
  async::Loop loop;
  auto options = options_for(fresh_database());
  options.feed_age_max = std::chrono::seconds(3600);
  options.feed_partition_changes = 4;
  async::BlockingPool pool("postgres", 2, 16);
  const auto database = loop.block_on(open(options, pool));
  ASSERT_THAT(database, IsOk());
  auto& backend = (*database)->backend();
  ASSERT_THAT(loop.block_on(backend.commit(ten_writes())), IsOk());
  (void)loop.block_on(backend.wait_for_change(std::chrono::milliseconds(1)));
  EXPECT_EQ(partitions(options.conninfo).size(), 3U) << "nothing is an hour old";
  ASSERT_THAT(testing::shared_server().run(
                  "UPDATE gantry.changes SET committed_at = committed_at - interval '2 hours'",
                  database_of(options.conninfo)),
              IsOk());
  for (int i = 0; i < 4; ++i)  // the feed is trimmed every fourth wait
    (void)loop.block_on(backend.wait_for_change(std::chrono::milliseconds(1)));
  EXPECT_THAT(partitions(options.conninfo), ElementsAre("changes_9"));
  EXPECT_THAT(loop.block_on(backend.load()), IsOk());
}

TEST(Migrations, GiveAnOlderDatabaseItsPartitionsAndKeepItsObjects) {
  const auto conninfo = fresh_database();
  {
    Session session(conninfo);
    const std::vector<Migration> older(migrations().begin(), migrations().begin() + 3);
    ASSERT_THAT(migrate(session, older, "id-of-the-old-one"), IsOk());
    pqxx::work transaction(session.connection());
    transaction.exec(
        "INSERT INTO gantry.objects VALUES ('apps', 'default', 'a', 'uid', 7, '{}');"
        "INSERT INTO gantry.changes (revision, type, resource, ns, name, uid, body) "
        "VALUES (7, 'p', 'apps', 'default', 'a', 'uid', '{}');"
        "UPDATE gantry.meta SET revision = 7");
    transaction.commit();
  }
  async::Loop loop;
  Process process(loop, conninfo);
  EXPECT_EQ(process.database->installation(), "id-of-the-old-one");
  auto& backend = process.database->backend();
  const auto loaded = loop.block_on(backend.load());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->revision, 7);
  EXPECT_EQ(loaded->objects.size(), 1U);
  EXPECT_TRUE(is_expired(loop.block_on(backend.changes_since(6, 10)).status()));
  const auto answers = loop.block_on(backend.commit(ten_writes()));
  ASSERT_THAT(answers, IsOk());
  EXPECT_THAT(partitions(conninfo), ElementsAre("changes_8"));
  EXPECT_EQ(loop.block_on(backend.changes_since(7, 20))->size(), 10U);
}

TEST(Sessions, ConnectAgainAfterTheServerHungUp) {
  async::Loop loop;
  const auto conninfo = fresh_database();
  Process process(loop, conninfo);
  auto& backend = process.database->backend();
  ASSERT_THAT(loop.block_on(backend.load()), IsOk());
  auto& server = testing::shared_server();
  ASSERT_THAT(
      server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
                 database_of(conninfo) + "'"),
      IsOk());
  (void)server.run("SELECT pg_sleep(0.2)");
  EXPECT_THAT(loop.block_on(backend.load()), IsOk());
}

}  // namespace
}  // namespace gantry::store::postgres
