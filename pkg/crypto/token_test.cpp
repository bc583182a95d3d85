#include "pkg/crypto/token.h"

#include <set>

#include "pkg/base/testing.h"

namespace gantry::crypto {
namespace {

TEST(Token, IsLongRandomAndSaysWhatItIs) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto token = make_token(random, "gantry");
    EXPECT_TRUE(token.starts_with("gantry_"));
    EXPECT_EQ(token.size(), 7u + 64u);
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(Token, IsRecognisedByItsHashOnly) {
  SeededRandom random(1);
  const auto token = make_token(random, "gantry");
  const auto hash = hash_token(token);
  EXPECT_EQ(hash.find(token.substr(7)), std::string::npos);
  EXPECT_TRUE(matches_token(token, hash));
  EXPECT_FALSE(matches_token(token + "0", hash));
  EXPECT_FALSE(matches_token(hash, hash));
  EXPECT_FALSE(matches_token("", ""));
}

}  // namespace
}  // namespace gantry::crypto
