#pragma once
// Sealing secrets at rest: AES-256-GCM under a key that has a name, so that keys can be rotated.
#include <map>
#include <string>
#include <string_view>

#include "pkg/base/random.h"
#include "pkg/base/status.h"

namespace gantry::crypto {

// Keys by name; seals with one of them and opens with any. Copies hold key material: keep few.
class Sealer {
 public:
  // kInvalid unless every key has 32 bytes, names are "[a-z0-9-]+" and `current` is one of them.
  static Result<Sealer> make(std::map<std::string, std::string> keys, std::string current);

  // Text for storage: "v1:<key name>:<base64 of nonce, ciphertext and tag>". `context` is bound
  // but not stored (for example "Secret/default/db"): a sealed text moved to another place does
  // not open there. Draws a fresh nonce from `random`, which must be fit for keys outside tests.
  Result<std::string> seal(Random& random, std::string_view secret, std::string_view context) const;

  // kInvalid when the text is malformed or its key is not known; kPermissionDenied when it was
  // changed, is bound to another context, or the key is the wrong one. Says nothing of the secret.
  Result<std::string> open(std::string_view sealed, std::string_view context) const;

  // True when the text was not sealed with the current key: seal it again.
  bool is_stale(std::string_view sealed) const;

 private:
  std::map<std::string, std::string> keys_;
  std::string current_;
};

// 32 random bytes. `random` must be fit for keys (SystemRandom) outside tests.
std::string make_sealing_key(Random& random);

}  // namespace gantry::crypto
