#include "pkg/base/random.h"

#include <absl/strings/str_format.h>
#include <sys/random.h>

#include "pkg/base/check.h"

namespace gantry {

uint64_t Random::below(uint64_t bound) {
  GANTRY_CHECK(bound > 0);
  // Rejects the few values that would make the first remainders more likely.
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t value = next();
  while (value >= limit) value = next();
  return value % bound;
}

double Random::unit() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

Uid Random::uuid() {
  const uint64_t high = (next() & ~0xF000ULL) | 0x4000ULL;                 // version 4
  const uint64_t low = (next() & ~(0xC000ULL << 48)) | (0x8000ULL << 48);  // variant 1
  return Uid(absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xFFFF,
                             high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFFULL));
}

std::string Random::suffix(size_t length) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (size_t i = 0; i < length; ++i) text += kAlphabet[below(kAlphabet.size())];
  return text;
}

uint64_t SystemRandom::next() {
  uint64_t value = 0;
  GANTRY_CHECK(getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

uint64_t SeededRandom::next() {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace gantry
