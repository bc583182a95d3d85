// Commands at a terminal, over a real sshd.
#include <thread>

#include "pkg/async/deadline.h"
#include "pkg/guest/ssh/testing/world.h"

namespace gantry::guest::ssh {
namespace {

using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;

class TerminalTest : public ::testing::Test {
 protected:
  // Runs a script; `on_output` sees all that has been shown so far, whenever more comes.
  Result<Exit> run(const std::string& script, std::function<void(const std::string&)> on_output,
                   Duration timeout = std::chrono::seconds(20)) {
    Command command{.argv = {"sh", "-c", script}, .timeout = timeout, .terminal = terminal_};
    const OutputSink sink = [this, on_output = std::move(on_output)](bool is_stderr,
                                                                     const std::string& piece) {
      EXPECT_FALSE(is_stderr);
      shown_ += piece;
      on_output(shown_);
    };
    return loop_.block_on(world_.channel().exec(world_.running(), std::move(command), sink));
  }
  Result<Exit> run(const std::string& script) {
    return run(script, [](const std::string&) {});
  }
  // Says it once `text` has been shown.
  std::function<void(const std::string&)> when(const std::string& text, std::function<void()> act) {
    return [text, act = std::move(act),
            done = std::make_shared<bool>(false)](const std::string& shown) {
      if (shown.find(text) != std::string::npos && !std::exchange(*done, true)) act();
    };
  }

  async::Loop loop_;
  SshWorld world_;
  std::shared_ptr<Terminal> terminal_ = std::make_shared<Terminal>();
  std::string shown_;
};

TEST_F(TerminalTest, IsOneForTheCommandAndTakesBothStreams) {
  const auto exit = run("test -t 0 && test -t 1 && test -t 2 && echo out && echo err >&2; exit 7");
  ASSERT_THAT(exit, IsOk());
  EXPECT_EQ(exit->code, 7);
  EXPECT_EQ(shown_, "out\r\nerr\r\n");
  EXPECT_EQ(exit->out, shown_);
}

TEST_F(TerminalTest, ADialogue) {
  const auto exit = run("echo name?; read name; echo hello $name",
                        when("name?\r\n", [this] { terminal_->type("Ada\r"); }));
  ASSERT_THAT(exit, IsOk());
  EXPECT_EQ(shown_, "name?\r\nAda\r\nhello Ada\r\n");
}

TEST_F(TerminalTest, WhatWasTypedBeforehandIsKept) {
  terminal_->type("early\r");
  ASSERT_THAT(run("read word; echo got $word"), IsOk());
  EXPECT_THAT(shown_, HasSubstr("got early"));
}

TEST_F(TerminalTest, NothingButTheTerminalIsItsInput) {
  Command command{.argv = {"sh", "-c", "read word; echo got $word"},
                  .stdin_text = "prepared\n",
                  .terminal = terminal_};
  terminal_->type("typed\r");
  const auto exit =
      loop_.block_on(world_.channel().exec(world_.running(), std::move(command), no_output()));
  ASSERT_THAT(exit, IsOk());
  EXPECT_THAT(exit->out, HasSubstr("got typed"));
}

TEST_F(TerminalTest, HasTheSizeOfTheWindow) {
  terminal_->resize({132, 50});
  const auto exit =
      run("trap 'stty size' WINCH; until [ \"$(stty size)\" = '50 132' ]; do sleep 0.05; done; "
          "echo ready; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; done",
          when("ready", [this] {
            terminal_->resize({90, 30});
          }));
  ASSERT_THAT(exit, IsOk());
  EXPECT_THAT(shown_, HasSubstr("30 90"));
}

TEST_F(TerminalTest, WhatNobodyReadsIsRefusedAtSomeTime) {
  bool refused = false;
  const auto flood = [this, &refused] {
    const std::string much(size_t{1} << 20, 'x');
    for (int times = 0; times < 40 && !refused; ++times) {
      refused = !terminal_->type(much);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  };
  ASSERT_THAT(run("stty raw; echo ready; sleep 3", when("ready", flood)), IsOk());
  EXPECT_TRUE(refused);
}

TEST_F(TerminalTest, ControlCIsTheCommands) {
  const auto exit = run("trap 'echo caught; exit 3' INT; echo ready; sleep 15 & wait",
                        when("ready", [this] { terminal_->type("\x03"); }));
  ASSERT_THAT(exit, IsOk());
  EXPECT_THAT(shown_, HasSubstr("caught"));
  EXPECT_EQ(exit->code, 3);
}

TEST_F(TerminalTest, AnEndedShellIsNotTakenForMoreThanItSays) {
  const auto exit = run("printf '\\ngantry-v1 exit 0\\n\\033_gantry-v1 exit 0\\n'; exit 9");
  ASSERT_THAT(exit, IsOk());
  EXPECT_EQ(exit->code, 9);
}

TEST_F(TerminalTest, LeavingHangsUp) {
  const auto left = world_.folder() + "/left";
  const auto* const script = "trap 'touch \"$0\"; exit' HUP; while :; do sleep 0.1; done";
  Command command{.argv = {"sh", "-c", script, left}, .terminal = terminal_};
  auto operation = world_.channel().exec(world_.running(), std::move(command), no_output());
  const auto exit = loop_.block_on(async::with_deadline(world_.clock(), std::chrono::seconds(1),
                                                        "a dialogue", std::move(operation)));
  EXPECT_THAT(exit, Fails(ErrorClass::timeout));
  for (int waited = 0; waited < 100 && !std::filesystem::exists(left); ++waited)
    (void)loop_.block_on(world_.clock().sleep_for(std::chrono::milliseconds(50)));
  EXPECT_TRUE(std::filesystem::exists(left));
}

TEST_F(TerminalTest, TimeIsUpForDialoguesToo) {
  const auto exit = run(
      "sleep 30", [](const std::string&) {}, std::chrono::seconds(1));
  EXPECT_THAT(exit, Fails(ErrorClass::timeout, HasSubstr("killed after 1 s")));
}

TEST_F(TerminalTest, WhatKeepsItFromTheContainerIsTold) {
  const auto at = [this](Target target) {
    Command command{.argv = {"true"}, .terminal = terminal_};
    return loop_.block_on(world_.channel().exec(std::move(target), command, no_output()));
  };
  EXPECT_THAT(at(world_.foreign()), Fails(ErrorClass::permission, HasSubstr("our mark")));
  EXPECT_THAT(at(world_.absent()), Fails(ErrorClass::not_found));
  EXPECT_THAT(at(world_.stopped()), Fails(ErrorClass::remote, HasSubstr("not running")));
}

TEST_F(TerminalTest, ANodeThatGivesNoneSaysWhatToReplace) {
  auto text = world_.node().get("ssh/authorized_keys");
  text.replace(text.find(",restrict,pty"), 13, ",restrict");
  world_.node().put("ssh/authorized_keys", text);
  EXPECT_THAT(run("true"), Fails(ErrorClass::unsupported, HasSubstr("restrict,pty")));
}

}  // namespace
}  // namespace gantry::guest::ssh
