#pragma once
// What every guest::Channel does, whatever it runs over. One source file of a driver's test
// includes this and instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Ssh, ChannelSuite, ::testing::Values([] { return …; }));
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/testing.h"
#include "pkg/guest/conformance/channel_world.h"

namespace gantry::guest {

class ChannelSuite
    : public ::testing::TestWithParam<std::function<std::unique_ptr<ChannelWorld>(async::Loop&)>> {
 protected:
  ChannelSuite() : world_(GetParam()(loop_)) {}

  Result<Exit> exec(Target target, Command command, OutputSink sink = no_output()) {
    return loop_.block_on(
        world_->channel().exec(std::move(target), std::move(command), std::move(sink)));
  }
  Exit sh(const std::string& script, std::string text = "") {
    auto exit =
        exec(world_->running(), {.argv = {"sh", "-c", script}, .stdin_text = std::move(text)});
    EXPECT_THAT(exit, testing::IsOk());
    return exit.ok() ? *exit : Exit();
  }
  Status push(File file) {
    return loop_.block_on(world_->channel().push(world_->running(), std::move(file)));
  }

  async::Loop loop_;
  async::RealClock clock_;
  std::unique_ptr<ChannelWorld> world_;
};

TEST_P(ChannelSuite, ExitCodeAndStreamsComeBackApart) {
  const auto exit = sh("echo out; echo err >&2; exit 7");
  EXPECT_EQ(exit.code, 7);
  EXPECT_EQ(exit.out, "out\n");
  EXPECT_EQ(exit.err, "err\n");
  EXPECT_FALSE(exit.truncated);
}

TEST_P(ChannelSuite, A255OfTheCommandIsAResult) {
  EXPECT_EQ(sh("exit 255").code, 255);
}

TEST_P(ChannelSuite, ArgumentsArriveAsTheyAre) {
  const std::string odd = "a b\t'\"$(id)`id`;\\\n*\n\xc3\xa4\n";
  const auto exit = exec(world_->running(), {.argv = {"printf", "%s|", odd, "", "-n", odd}});
  ASSERT_THAT(exit, testing::IsOk());
  EXPECT_EQ(exit->out, odd + "||-n|" + odd + "|");
}

TEST_P(ChannelSuite, InputArrivesByteForByte) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += static_cast<char>(i % 256);
  const auto exit = sh("wc -c", text);
  EXPECT_EQ(exit.out, "300000\n");
  EXPECT_TRUE(sh("cat", text).out == text);
}

TEST_P(ChannelSuite, ACommandThatReadsNoInputEndsAllTheSame) {
  EXPECT_EQ(sh("exit 3", std::string(500'000, 'x')).code, 3);
}

TEST_P(ChannelSuite, OutputIsSeenWhileTheCommandRuns) {
  std::string seen;
  bool before_the_end = false;
  const OutputSink sink = [&](bool is_stderr, const std::string& piece) {
    if (!is_stderr) seen += piece;
    before_the_end = before_the_end || (!is_stderr && seen == "first\n");
  };
  const auto exit =
      exec(world_->running(), {.argv = {"sh", "-c", "echo first; sleep 1; echo second"}}, sink);
  ASSERT_THAT(exit, testing::IsOk());
  EXPECT_TRUE(before_the_end);
  EXPECT_EQ(seen, "first\nsecond\n");
}

TEST_P(ChannelSuite, AChildLeftBehindDoesNotHoldTheCallUp) {
  const auto began = clock_.now();
  const auto exit = sh("sleep 8 & echo done");
  EXPECT_EQ(exit.out, "done\n");
  EXPECT_LT(clock_.now() - began, std::chrono::seconds(6));
}

TEST_P(ChannelSuite, TooMuchOutputIsCutButCounted) {
  size_t seen = 0;
  const OutputSink sink = [&](bool, const std::string& piece) { seen += piece.size(); };
  const auto exit = exec(world_->running(),
                         {.argv = {"head", "-c", "200000", "/dev/zero"}, .output_max = 1000}, sink);
  ASSERT_THAT(exit, testing::IsOk());
  EXPECT_EQ(exit->out.size(), 1000U);
  EXPECT_TRUE(exit->truncated);
  EXPECT_EQ(seen, 200'000U);
}

TEST_P(ChannelSuite, ATimeoutKillsTheCommand) {
  const auto file = world_->folder() + "/survivor";
  const auto exit =
      exec(world_->running(), {.argv = {"sh", "-c", "trap '' TERM; sleep 3; touch \"$0\"", file},
                               .timeout = std::chrono::seconds(1)});
  EXPECT_THAT(exit, testing::Fails(ErrorClass::timeout));
  const auto until_it_would_have_ended = std::chrono::milliseconds(2500);
  (void)loop_.block_on(clock_.sleep_for(until_it_would_have_ended));
  EXPECT_NE(sh("test -e '" + file + "'").code, 0);
}

TEST_P(ChannelSuite, NotFoundPermissionAndNotRunningAreTold) {
  const Command command{.argv = {"true"}};
  EXPECT_THAT(exec(world_->absent(), command), testing::Fails(ErrorClass::not_found));
  EXPECT_THAT(exec(world_->foreign(), command), testing::Fails(ErrorClass::permission));
  EXPECT_THAT(exec(world_->stopped(), command),
              testing::Fails(ErrorClass::remote, ::testing::HasSubstr("not running")));
  EXPECT_THAT(exec(world_->running(), {.argv = {}}), testing::Fails(ErrorClass::invalid));
}

TEST_P(ChannelSuite, AFileIsPushedWholeWithItsMode) {
  const auto path = world_->folder() + "/it's a file";
  const std::string content("a\0b\r\n$(id)\n", 11);
  ASSERT_THAT(push({.path = path, .content = "old"}), testing::IsOk());
  ASSERT_THAT(push({.path = path, .content = content, .mode = 0640}), testing::IsOk());
  EXPECT_EQ(sh("cat \"" + path + "\"").out, content);
  EXPECT_EQ(sh("stat -c %a \"" + path + "\"").out, "640\n");
  EXPECT_EQ(sh("ls -A \"" + world_->folder() + "\" | wc -l").out, "1\n");
  EXPECT_THAT(push({.path = world_->folder() + "/none/f", .content = "x"}),
              testing::Fails(ErrorClass::remote));
  EXPECT_THAT(push({.path = "relative", .content = "x"}), testing::Fails(ErrorClass::invalid));
}

TEST_P(ChannelSuite, ALockIsRemovedFromOursOnly) {
  const auto target = world_->locked();
  EXPECT_TRUE(world_->is_locked());
  EXPECT_THAT(loop_.block_on(world_->channel().unlock(target, Upid())), testing::IsOk());
  EXPECT_FALSE(world_->is_locked());
  EXPECT_THAT(loop_.block_on(world_->channel().unlock(world_->foreign(), Upid())),
              testing::Fails(ErrorClass::permission));
  EXPECT_THAT(loop_.block_on(world_->channel().unlock(world_->absent(), Upid())),
              testing::Fails(ErrorClass::not_found));
}

}  // namespace gantry::guest
