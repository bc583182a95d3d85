#include "pkg/guest/ssh/protocol.h"

#include "pkg/base/testing.h"

namespace gantry::guest::ssh {
namespace {

using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;

const Target kTarget{NodeName("pve1"), VmId(100)};

TEST(Protocol, WordsAreEncodedSoThatNoneIsLostOrRead) {
  EXPECT_THAT(exec_request(kTarget, {.argv = {"echo", "", "a b"}, .stdin_text = "xyz"}),
              IsOkAndHolds("gantry-v1 exec 100 60 3 b:ZWNobw== b: b:YSBi"));
  Command dialogue{.argv = {"sh"}, .terminal = std::make_shared<Terminal>()};
  EXPECT_THAT(exec_request(kTarget, dialogue),
              IsOkAndHolds("gantry-v1 exec 100 60 terminal b:c2g="));
  EXPECT_THAT(push_request(kTarget, {.path = "/f", .content = "xy", .mode = 0600},
                           std::chrono::milliseconds(1500)),
              IsOkAndHolds("gantry-v1 push 100 2 2 0600 b:cm9vdA== b:cm9vdA== b:L2Y="));
  EXPECT_THAT(unlock_request(kTarget, Upid("UPID:pve1:1:2:3:vzcreate:100:a@pve!b:")),
              IsOkAndHolds("gantry-v1 unlock 100 UPID:pve1:1:2:3:vzcreate:100:a@pve!b:"));
}

TEST(Protocol, WhatItCannotCarryIsRefused) {
  EXPECT_THAT(exec_request(kTarget, {.argv = {}}), Fails(ErrorClass::invalid));
  EXPECT_THAT(exec_request(kTarget, {.argv = {std::string("a\0b", 3)}}),
              Fails(ErrorClass::invalid, HasSubstr("zero byte")));
  EXPECT_THAT(push_request(kTarget, {.path = "f", .content = ""}, std::chrono::seconds(1)),
              Fails(ErrorClass::invalid));
  EXPECT_THAT(unlock_request(kTarget, Upid("a b")), Fails(ErrorClass::invalid));
}

struct Told {
  std::string command;  // what was the command's
  std::optional<Result<int>> outcome;
};
Told tell(std::string_view stream, size_t piece) {
  Trailer trailer;
  Told told;
  for (size_t at = 0; at < stream.size(); at += piece)
    told.command += trailer.feed(stream.substr(at, piece));
  std::string rest;
  told.outcome = trailer.finish(rest);
  told.command += rest;
  return told;
}

class TrailerInPieces : public ::testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Trailer, TrailerInPieces, ::testing::Values(1, 2, 7, 100, 100'000));

TEST_P(TrailerInPieces, TheLastLineIsOursAndAllElseTheCommands) {
  const auto told = tell("warning\n\ngantry-v1 exit 7\n", GetParam());
  EXPECT_EQ(told.command, "warning\n");
  ASSERT_TRUE(told.outcome.has_value());
  EXPECT_THAT(*told.outcome, IsOkAndHolds(7));
}

TEST(TerminalTrailer, KeepsNoLineBackAndIsOneInvisibleCommand) {
  Trailer trailer(true);
  EXPECT_EQ(trailer.feed("Name?\r\n"), "Name?\r\n");
  EXPECT_EQ(trailer.feed("\ngantry-v1 exit 0\n"), "\ngantry-v1 exit 0\n");
  EXPECT_EQ(trailer.feed("bye\r\n\x1b_gantry-v1 exit 5\r\n"), "bye\r\n");
  EXPECT_TRUE(trailer.is_complete());
  std::string rest;
  const auto outcome = trailer.finish(rest);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(*outcome, IsOkAndHolds(5));
  EXPECT_EQ(rest, "");
}

TEST_P(TrailerInPieces, AForgedLineIsOutputLikeAnyOther) {
  const auto told = tell("x\ngantry-v1 exit 0\nmore\n\ngantry-v1 exit 3\n", GetParam());
  EXPECT_EQ(told.command, "x\ngantry-v1 exit 0\nmore\n");
  ASSERT_TRUE(told.outcome.has_value());
  EXPECT_THAT(*told.outcome, IsOkAndHolds(3));
}

TEST_P(TrailerInPieces, ErrorsKeepTheirClass) {
  const auto told = tell("\ngantry-v1 error NotFound container 100 is not here\n", GetParam());
  EXPECT_EQ(told.command, "");
  ASSERT_TRUE(told.outcome.has_value());
  EXPECT_THAT(*told.outcome, Fails(ErrorClass::not_found, "container 100 is not here"));
}

TEST_P(TrailerInPieces, ABrokenStreamHasNone) {
  for (const std::string text :
       {"", "\ngantry-v1 exit 7", "gantry-v1 exit 7\n", "plain\n", "\ngantry-v1 exit 256\n",
        "\ngantry-v1 error Odd x\n", "\ngantry-v1 exit 0\nand then it broke"}) {
    const auto told = tell(text, GetParam());
    EXPECT_FALSE(told.outcome.has_value()) << text;
    EXPECT_EQ(told.command, text);
  }
}

TEST_P(TrailerInPieces, LongOutputIsNotKeptBack) {
  const std::string text(200'000, '\n');
  const auto told = tell(text + "\ngantry-v1 exit 0\n", GetParam());
  EXPECT_EQ(told.command.size(), text.size());
}

}  // namespace
}  // namespace gantry::guest::ssh
