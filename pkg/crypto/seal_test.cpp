#include "pkg/crypto/seal.h"

#include "pkg/base/testing.h"
#include "pkg/base/text.h"

namespace gantry::crypto {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Seal : public ::testing::Test {
 protected:
  SeededRandom random_{7};
  std::string old_key_ = make_sealing_key(random_);
  std::string new_key_ = make_sealing_key(random_);
  Sealer before_ = *Sealer::make({{"k1", old_key_}}, "k1");
  Sealer after_ = *Sealer::make({{"k1", old_key_}, {"k2", new_key_}}, "k2");
};

TEST_F(Seal, OpensWhatItSealed) {
  const std::vector<std::string> secrets{"", "hunter2", std::string(10000, '\0')};
  for (const auto& secret : secrets) {
    const auto sealed = before_.seal(random_, secret, "Secret/default/db");
    ASSERT_THAT(sealed, IsOk());
    EXPECT_THAT(*sealed, StartsWith("v1:k1:"));
    EXPECT_THAT(before_.open(*sealed, "Secret/default/db"), IsOkAndHolds(secret));
  }
}

TEST_F(Seal, NeverSealsTwiceAlike) {
  EXPECT_NE(*before_.seal(random_, "x", ""), *before_.seal(random_, "x", ""));
}

TEST_F(Seal, DoesNotOpenInAnotherPlace) {
  const auto sealed = *before_.seal(random_, "hunter2", "Secret/default/db");
  EXPECT_THAT(before_.open(sealed, "Secret/default/web"),
              Fails(ErrorClass::permission, Not(HasSubstr("hunter2"))));
}

TEST_F(Seal, DoesNotOpenOnceAnyByteWasChanged) {
  const auto sealed = *before_.seal(random_, "hunter2", "c");
  const auto bytes = *base64_decode(sealed.substr(6));
  for (size_t at = 0; at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_THAT(before_.open("v1:k1:" + base64_encode(changed), "c"), Fails(ErrorClass::permission))
        << at;
  }
}

TEST_F(Seal, OpensWithOldKeysAndSaysWhatToSealAgain) {
  const auto old = *before_.seal(random_, "hunter2", "c");
  EXPECT_THAT(after_.open(old, "c"), IsOkAndHolds(std::string("hunter2")));
  EXPECT_TRUE(after_.is_stale(old));
  const auto fresh = *after_.seal(random_, "hunter2", "c");
  EXPECT_FALSE(after_.is_stale(fresh));
  EXPECT_THAT(before_.open(fresh, "c"),
              Fails(ErrorClass::invalid, HasSubstr("not among those configured")));
}

TEST_F(Seal, DoesNotOpenUnderAnotherKeysName) {
  auto sealed = *before_.seal(random_, "hunter2", "c");
  sealed[4] = '2';
  EXPECT_THAT(after_.open(sealed, "c"), Fails(ErrorClass::permission));
}

TEST_F(Seal, RefusesWhatIsNotSealed) {
  for (const auto* text : {"", "hunter2", "v1:k1:", "v1:k1:AAAA", "v2:k1:AAAA", "v1:k1:!!!!"})
    EXPECT_THAT(before_.open(text, "c"), Fails(ErrorClass::invalid)) << text;
}

TEST_F(Seal, RefusesWeakOrMissingKeys) {
  EXPECT_THAT(Sealer::make({{"k1", "short"}}, "k1"), Fails(ErrorClass::invalid));
  EXPECT_THAT(Sealer::make({{"K:1", old_key_}}, "K:1"), Fails(ErrorClass::invalid));
  EXPECT_THAT(Sealer::make({{"k1", old_key_}}, "k2"), Fails(ErrorClass::invalid));
  EXPECT_THAT(Sealer::make({}, ""), Fails(ErrorClass::invalid));
}

}  // namespace
}  // namespace gantry::crypto
