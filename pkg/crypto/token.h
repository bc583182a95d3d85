#pragma once
// Bearer tokens: 256 random bits behind a prefix that tells people (and secret scanners) what they
// have found.
#include <string>
#include <string_view>

#include "pkg/base/random.h"

namespace gantry::crypto {

// "<prefix>_" and 64 hex digits. `random` must be fit for keys (SystemRandom) outside tests.
std::string make_token(Random& random, std::string_view prefix);

// What is stored instead of the token: its sha256 in hex. Plain sha256 is right for 256 random
// bits, which nobody can guess; it would be wrong for passwords.
std::string hash_token(std::string_view token);

// Whether that token has that stored hash; in constant time.
bool matches_token(std::string_view token, std::string_view stored_hash);

}  // namespace gantry::crypto
