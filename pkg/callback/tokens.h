#pragma once
// Tokens of callbacks: what a container shows to be heard, once.
#include <cstdint>
#include <string>
#include <string_view>

#include "pkg/base/ids.h"
#include "pkg/base/status.h"
#include "pkg/base/time.h"

namespace gantry::callback {

// The newest attempt that was heard of a Machine, as a decimal number: an annotation of it.
inline constexpr const char* kHeardAnnotation = "gantry.dev/callback";

// What such an annotation says; -1 when there is none, or no attempt in it: people may write there.
int64_t heard_attempt(std::string_view annotation);
// The attempt of a token that is made now: milliseconds, and newer than what was heard also where
// the clock has gone back.
int64_t next_attempt(std::string_view annotation, Time now);

// Stateless: whoever has the key knows which tokens it made. Cheap to copy.
class Tokens {
 public:
  // A key of its own, derived from `secret` (32 bytes or more that nobody can guess).
  explicit Tokens(std::string_view secret);

  // A token for that Machine; later attempts have higher numbers (>= 0).
  std::string issue(const Uid& machine, int64_t attempt) const;
  // Its attempt. Auth ("Unauthorized", nothing more) unless this key made it for that Machine.
  Result<int64_t> verify(std::string_view token, const Uid& machine) const;

 private:
  std::string sign(std::string_view machine, std::string_view attempt) const;
  std::string key_;
};

}  // namespace gantry::callback
