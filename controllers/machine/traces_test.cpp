#include "controllers/machine/traces.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;

constexpr const char* kUser = "gantry@pve!daemon";
const Time kCalled = from_unix_seconds(1'800'000'000);

pve::Task task(const std::string& type, Duration after, const std::string& user = kUser) {
  pve::Task task;
  const auto start = kCalled + after;
  const auto seconds = static_cast<unsigned>(to_unix_seconds(start));
  task.upid =
      Upid(absl::StrFormat("UPID:pve1:00000001:00000001:%08X:%s:20001:%s:", seconds, type, user));
  task.type = type;
  // As lists name him once it has ended.
  task.user = user.substr(0, user.find('!'));
  task.exit_status = "OK";
  task.started = start;
  return task;
}

pve::Task with(pve::Task task, const std::string& exit) {
  task.running = exit.empty();
  task.exit_status = exit;
  return task;
}

TraceQuery query() {
  TraceQuery query;
  query.user = kUser;
  query.since = kCalled - 2min;
  query.may_be_older = true;
  return query;
}

// The UPID found: as ours, as kin, or "".
std::string ours(const std::vector<pve::Task>& tasks, TraceQuery by = query()) {
  const auto traces = find_traces(tasks, by);
  return traces.task.has_value() ? traces.task->upid.get() : "";
}
std::string kin(const std::vector<pve::Task>& tasks, TraceQuery by = query()) {
  const auto traces = find_traces(tasks, by);
  return traces.kin.has_value() ? traces.kin->upid.get() : "";
}

TEST(Traces, AreOurCreatesSinceTheCall) {
  const auto create = task("vzcreate", 1s);
  EXPECT_EQ(ours({task("vzstart", 2s), create}), create.upid.get());
  EXPECT_EQ(ours({with(create, "no space")}), create.upid.get());
  EXPECT_EQ(ours({create, task("vzcreate", 5s)}), task("vzcreate", 5s).upid.get());
  EXPECT_EQ(ours({task("vzcreate", 1s, "root@pam")}), "");
  auto known = query();
  known.known = create.upid.get();
  EXPECT_EQ(ours({create}, known), "");
}

TEST(Traces, OfAnotherTokenAreKin) {
  const auto other = task("vzcreate", 1s, "gantry@pve!old");
  EXPECT_EQ(ours({other}), "");
  EXPECT_EQ(kin({other}), other.upid.get());
  auto whosever = query();
  whosever.anybody = true;
  EXPECT_EQ(ours({other}, whosever), other.upid.get());
}

// Our clock was ahead when we called.
TEST(Traces, MayLookOlderThanTheCallWhileWhatTheyMadeIsThere) {
  const auto older = task("vzcreate", -17min);
  EXPECT_EQ(ours({older}), older.upid.get());
  EXPECT_EQ(ours({with(older, "")}), older.upid.get());
  EXPECT_EQ(ours({with(older, "unexpected status")}), older.upid.get());
  EXPECT_EQ(ours({with(older, "WARNINGS: 1")}), older.upid.get());
  const auto kindred = task("vzcreate", -17min, "gantry@pve!old");
  EXPECT_EQ(kin({kindred}), kindred.upid.get());
  auto never_called = query();
  never_called.may_be_older = false;
  EXPECT_EQ(ours({older}, never_called), "");
}

TEST(Traces, AreNotWhatLeftNothing) {
  const auto older = task("vzcreate", -17min);
  EXPECT_EQ(ours({with(older, "no space")}), "");
  EXPECT_EQ(ours({task("vzdestroy", -16min), older}), "");
  EXPECT_EQ(ours({task("vzdestroy", -16min, "root@pam"), older}), "");
  EXPECT_EQ(ours({with(task("vzdestroy", -16min), "locked"), older}), older.upid.get());
  // That was of the container before.
  EXPECT_EQ(ours({older, task("vzdestroy", -18min)}), older.upid.get());
}

}  // namespace
}  // namespace gantry::controllers::machine
