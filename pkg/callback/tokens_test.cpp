#include "pkg/callback/tokens.h"

#include <gtest/gtest.h>

namespace gantry::callback {
namespace {

const std::string kSecret(32, 'k');
const Uid kMachine("6f2c0c7e-1111-4222-8333-444455556666");

TEST(Tokens, ATokenIsGoodForItsMachineAlone) {
  const Tokens tokens(kSecret);
  const auto token = tokens.issue(kMachine, 1764285337123);
  EXPECT_EQ(*tokens.verify(token, kMachine), 1764285337123);
  EXPECT_EQ(error_class(tokens.verify(token, Uid("another")).status()), ErrorClass::auth);
}

TEST(Tokens, AnotherInstallationsTokenIsRefused) {
  const auto token = Tokens(std::string(32, 'x')).issue(kMachine, 7);
  EXPECT_EQ(error_class(Tokens(kSecret).verify(token, kMachine).status()), ErrorClass::auth);
}

TEST(Tokens, NothingOfItCanBeChanged) {
  const Tokens tokens(kSecret);
  const auto token = tokens.issue(kMachine, 7);
  for (size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_FALSE(tokens.verify(changed, kMachine).ok()) << changed;
    EXPECT_FALSE(tokens.verify(token.substr(0, i), kMachine).ok()) << i;
  }
  EXPECT_FALSE(tokens.verify("", kMachine).ok());
  EXPECT_FALSE(tokens.verify("gantrycb__", kMachine).ok());
}

TEST(Attempts, AreNewerThanWhatWasHeardAlsoWhenTheClockHasGoneBack) {
  const Time now = from_unix_seconds(1'700'000'000);
  EXPECT_EQ(next_attempt("", now), 1'700'000'000'000);
  EXPECT_EQ(next_attempt("1600000000000", now), 1'700'000'000'000);
  EXPECT_EQ(next_attempt("1800000000000", now), 1'800'000'000'001);
  for (const auto* other : {"soon", "-5", "9223372036854775807", "99999999999999999999"}) {
    EXPECT_EQ(heard_attempt(other), -1) << other;
    EXPECT_EQ(next_attempt(other, now), 1'700'000'000'000) << other;
  }
}

TEST(Tokens, ARefusalTellsNothing) {
  const Tokens tokens(kSecret);
  EXPECT_EQ(message_of(tokens.verify("gantrycb_7_00", kMachine).status()), "Unauthorized");
}

}  // namespace
}  // namespace gantry::callback
