#include "pkg/lab/lxc/process.h"

#include <filesystem>

#include <poll.h>
#include <signal.h>

#include "pkg/base/testing.h"
#include "pkg/lab/lxc/instance.h"

namespace gantry::lab::lxc {
namespace {

using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;

guest::Exit run_ok(const Program& program) {
  auto exit = run(program);
  EXPECT_THAT(exit, IsOk());
  return exit.ok() ? *exit : guest::Exit();
}

TEST(Process, KeepsTheStreamsApartAndTheExitCode) {
  const auto exit = run_ok({.argv = {"sh", "-c", "echo out; echo err >&2; exit 7"}});
  EXPECT_EQ(exit.code, 7);
  EXPECT_EQ(exit.out, "out\n");
  EXPECT_EQ(exit.err, "err\n");
}

TEST(Process, PassesMoreInputThanAPipeHolds) {
  const std::string text(3 << 20, 'x');
  const auto exit = run_ok({.argv = {"wc", "-c"}, .stdin_text = text});
  EXPECT_EQ(exit.out, std::to_string(text.size()) + "\n");
}

TEST(Process, SurvivesAProgramThatDoesNotReadItsInput) {
  const auto exit = run_ok({.argv = {"true"}, .stdin_text = std::string(3 << 20, 'x')});
  EXPECT_EQ(exit.code, 0);
}

TEST(Process, ArgumentsAreNoShellText) {
  const auto exit = run_ok({.argv = {"printf", "%s", "$(id); `id` '\"\n"}});
  EXPECT_EQ(exit.out, "$(id); `id` '\"\n");
}

TEST(Process, TheEnvironmentIsClean) {
  const auto exit = run_ok({.argv = {"env"}, .environment = {"GIVEN=1"}});
  EXPECT_THAT(exit.out, HasSubstr("GIVEN=1"));
  EXPECT_THAT(exit.out, ::testing::Not(HasSubstr("GTEST")));
}

TEST(Process, TooMuchOutputIsCutAndSaidSo) {
  const auto exit = run_ok({.argv = {"head", "-c", "5000", "/dev/zero"}, .output_max = 100});
  EXPECT_EQ(exit.out.size(), 100U);
  EXPECT_TRUE(exit.truncated);
}

TEST(Process, TheSinkSeesEverythingInOrder) {
  std::string seen;
  run_ok({.argv = {"sh", "-c", "echo a; echo b; head -c 200 /dev/zero | tr '\\0' z"},
          .output_max = 3,
          .sink = [&seen](bool is_stderr, const std::string& piece) {
            if (!is_stderr) seen += piece;
          }});
  EXPECT_EQ(seen, "a\nb\n" + std::string(200, 'z'));
}

TEST(Process, ATimeoutKillsTheWholeGroup) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("gantry-process-" + std::to_string(getpid()));
  const Program program{
      .argv = {"sh", "-c", "sleep 300 & echo $! >\"$0\"; trap '' TERM; sleep 300", folder.string()},
      .timeout = std::chrono::milliseconds(300)};
  EXPECT_THAT(run(program), Fails(ErrorClass::timeout, HasSubstr("sh was killed")));
  const auto pid = std::stoi(read_file(folder.string()).value_or("0"));
  std::filesystem::remove(folder);
  ASSERT_GT(pid, 1);
  // It may take a moment to die, and then wait to be reaped.
  bool runs = true;
  for (int attempt = 0; attempt < 200 && runs; ++attempt) {
    const auto state = read_file("/proc/" + std::to_string(pid) + "/stat");
    runs = state.ok() && state->find(") Z ") == std::string::npos;
    if (runs) poll(nullptr, 0, 10);
  }
  EXPECT_FALSE(runs);
}

TEST(Process, AStopSignalKillsIt) {
  auto stop = std::make_shared<StopSignal>();
  stop->set();
  EXPECT_THAT(run({.argv = {"sleep", "300"}, .stop = stop}), Fails(ErrorClass::cancelled));
}

TEST(Process, WhatIsCalledOffMayUndoSomethingFirst) {
  const auto file =
      std::filesystem::temp_directory_path() / ("gantry-undone-" + std::to_string(getpid()));
  auto stop = std::make_shared<StopSignal>();
  EXPECT_FALSE(stop->is_set());
  const Program program{
      .argv = {"sh", "-c", "trap 'echo undone >\"$0\"; exit 1' TERM; echo; sleep 300 & wait",
               file.string()},
      .sink = [&stop](bool, const std::string&) { stop->set(); },  // once the trap is there
      .stop = stop};
  EXPECT_THAT(run(program), Fails(ErrorClass::cancelled));
  EXPECT_TRUE(stop->is_set());
  EXPECT_EQ(read_file(file.string()).value_or(""), "undone\n");
  std::filesystem::remove(file);
}

TEST(Process, AChildLeftBehindDoesNotHoldUsUp) {
  const auto exit =
      run_ok({.argv = {"sh", "-c", "sleep 5 & echo done"}, .timeout = std::chrono::seconds(3)});
  EXPECT_EQ(exit.out, "done\n");
}

TEST(Process, SaysWhichProgramIsMissing) {
  EXPECT_THAT(run({.argv = {"gantry-no-such-program"}}),
              Fails(ErrorClass::not_found, HasSubstr("gantry-no-such-program")));
}

TEST(Process, CheckedFailuresQuoteTheLastLine) {
  EXPECT_THAT(run_checked({.argv = {"sh", "-c", "echo first >&2; echo why >&2; exit 3"}}),
              Fails(ErrorClass::remote, HasSubstr("(exit code 3): why")));
}

TEST(Daemon, EndsWithItsOwner) {
  pid_t pid = -1;
  {
    auto daemon = Daemon::start({"sleep", "300"}, "/dev/null");
    ASSERT_THAT(daemon, IsOk());
    pid = daemon->pid();
    EXPECT_TRUE(daemon->is_running());
  }
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(Daemon, AStrangerWithARecycledPidIsLeftAlone) {
  auto daemon = Daemon::start({"sleep", "300"}, "/dev/null");
  ASSERT_THAT(daemon, IsOk());
  EXPECT_FALSE(end_stray(daemon->pid(), "/run/of/some/lab"));
  EXPECT_TRUE(daemon->is_running());
  // posix_spawn() returns a moment before the new command line is in place: 10 ms, 500 times.
  bool ended = end_stray(daemon->pid(), "sleep");
  for (int attempt = 0; attempt < 500 && !ended; ++attempt) {
    poll(nullptr, 0, 10);
    ended = end_stray(daemon->pid(), "sleep");
  }
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace gantry::lab::lxc
