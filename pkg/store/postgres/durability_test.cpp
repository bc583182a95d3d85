// What was acknowledged survives kill -9 of the server and of the client.
#include <cstdlib>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/store/postgres/postgres_store_world_test.h"

namespace gantry::store::postgres {
namespace {

using namespace std::chrono_literals;
using gantry::testing::IsOk;

// Writes until writes fail; the names of those that were acknowledged.
Async<Status> write_until_it_fails(Daemon& daemon, int writer,
                                   std::set<std::string>& acknowledged) {
  for (int i = 0;; ++i) {
    const auto name = "app-" + std::to_string(writer) + "-" + std::to_string(i);
    const auto made = co_await daemon.store.create(kApps, app(name));
    if (!made.ok()) co_return Status();
    acknowledged.insert(name);
  }
}

void expect_all(Daemon& daemon, const std::set<std::string>& acknowledged) {
  for (const auto& name : acknowledged)
    EXPECT_THAT(daemon.store.get(Key{kApps, "default", name}), IsOk()) << name;
}

enum class Death { kill_9, immediate };

void survives_the_death_of_the_server(Death death) {
  // Without fsync: a kill leaves the page cache, and a commit must still have written its log
  // there.
  auto server = testing::PrivateServer::start();
  ASSERT_THAT(server, IsOk());
  const auto conninfo = (*server)->create_database();
  ASSERT_THAT(conninfo, IsOk());
  async::Loop loop;
  std::set<std::string> acknowledged;
  {
    Daemon daemon(loop, *conninfo);
    async::Group group(loop.executor());
    for (int writer = 0; writer < 8; ++writer)
      group.spawn("writer",
                  [&, writer] { return write_until_it_fails(daemon, writer, acknowledged); });
    daemon.pass(500ms);
    if (death == Death::kill_9) (*server)->crash();
    if (death == Death::immediate) (*server)->stop_immediately();
    EXPECT_THAT(daemon.run(group.join()), IsOk());
    EXPECT_GT(acknowledged.size(), 20U);
    ASSERT_THAT((*server)->restart(), IsOk());
    ASSERT_TRUE(daemon.recovers()) << daemon.store.health();
    expect_all(daemon, acknowledged);
  }
  Daemon reborn(loop, *conninfo);
  expect_all(reborn, acknowledged);
}

TEST(Durability, AcknowledgedWritesSurviveKill9OfTheServer) {
  survives_the_death_of_the_server(Death::kill_9);
}

TEST(Durability, AcknowledgedWritesSurviveAnImmediateShutdown) {
  survives_the_death_of_the_server(Death::immediate);
}

constexpr const char* kConninfo = "GANTRY_TEST_WRITER_CONNINFO";
constexpr const char* kPipe = "GANTRY_TEST_WRITER_PIPE";

// The process that the next test kills: this program again, told by its environment.
TEST(DISABLED_Writer, AcknowledgesIntoAPipeUntilItIsKilled) {
  const char* conninfo = std::getenv(kConninfo);
  const char* pipe = std::getenv(kPipe);
  ASSERT_TRUE(conninfo != nullptr && pipe != nullptr);
  async::Loop loop;
  Daemon daemon(loop, conninfo);
  async::Group group(loop.executor());
  for (int writer = 0; writer < 8; ++writer) {
    group.spawn("writer", [&, writer]() -> Async<Status> {
      for (int i = 0;; ++i) {
        const auto name = "app-" + std::to_string(writer) + "-" + std::to_string(i);
        const auto made = co_await daemon.store.create(kApps, app(name));
        const auto line = name + "\n";
        if (!made.ok() || ::write(std::atoi(pipe), line.data(), line.size()) < 0)
          co_return made.status();
      }
    });
  }
  EXPECT_THAT(daemon.run(group.join()), IsOk());
}

pid_t start_writer(const std::string& conninfo, int pipe) {
  ::setenv(kConninfo, conninfo.c_str(), 1);
  ::setenv(kPipe, std::to_string(pipe).c_str(), 1);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl("/proc/self/exe", "writer", "--gtest_also_run_disabled_tests",
            "--gtest_filter=DISABLED_Writer.*", nullptr);
    ::_exit(127);
  }
  return pid;
}

TEST(Durability, AcknowledgedWritesSurviveKill9OfTheClient) {
  const auto conninfo = fresh_database();
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const auto pid = start_writer(conninfo, pipe[1]);
  ::close(pipe[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  bool killed = false;
  while (true) {
    const auto got = ::read(pipe[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
    if (!killed && std::ranges::count(text, '\n') > 50) {
      killed = true;
      ::kill(pid, SIGKILL);
    }
  }
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(killed);
  const auto lines = split(text, '\n');  // the last one has no end and does not count
  const std::set<std::string> acknowledged(lines.begin(), lines.end() - 1);
  async::Loop loop;
  Daemon daemon(loop, conninfo);
  expect_all(daemon, acknowledged);
  EXPECT_THAT(daemon.create("next"), IsOk());
}

}  // namespace
}  // namespace gantry::store::postgres
