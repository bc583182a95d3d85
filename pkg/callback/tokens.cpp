#include "pkg/callback/tokens.h"

#include <algorithm>
#include <limits>

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::callback {
namespace {

// Tells people, and scanners for secrets, what they have found.
constexpr std::string_view kPrefix = "gantrycb_";

}  // namespace

int64_t heard_attempt(std::string_view annotation) {
  // The greatest number of all would have none after it.
  const auto attempt = parse_integer(annotation).value_or(-1);
  return attempt < 0 || attempt == std::numeric_limits<int64_t>::max() ? -1 : attempt;
}

int64_t next_attempt(std::string_view annotation, Time now) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  return std::max<int64_t>(since_epoch.count(), heard_attempt(annotation) + 1);
}

Tokens::Tokens(std::string_view secret)
    : key_(crypto::hmac_sha256(secret, "gantry.dev/callback v1")) {}

// A uid holds no line end: no two pairs have the same text.
std::string Tokens::sign(std::string_view machine, std::string_view attempt) const {
  const auto text = std::string(machine) + "\n" + std::string(attempt);
  return hex(crypto::hmac_sha256(key_, text));
}

std::string Tokens::issue(const Uid& machine, int64_t attempt) const {
  const auto number = std::to_string(attempt);
  return std::string(kPrefix) + number + "_" + sign(machine.get(), number);
}

Result<int64_t> Tokens::verify(std::string_view token, const Uid& machine) const {
  const auto refused = make_error(ErrorClass::auth, "Unauthorized");
  if (!token.starts_with(kPrefix)) return refused;
  token.remove_prefix(kPrefix.size());
  const auto end = token.find('_');
  if (end == std::string_view::npos) return refused;
  const auto number = token.substr(0, end);
  if (!crypto::equal_in_constant_time(token.substr(end + 1), sign(machine.get(), number)))
    return refused;
  const auto attempt = parse_integer(number);
  if (!attempt) return refused;
  return *attempt;
}

}  // namespace gantry::callback
