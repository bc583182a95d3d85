#pragma once
// The file of sealing keys.
#include <map>
#include <string>

#include "pkg/crypto/seal.h"

namespace gantry::store {

// Keys by name, base64 in the file:
//
//   current: key-2
//   keys:
//     key-1: …
//     key-2: …
struct Keyring {
  std::map<std::string, std::string> keys;  // 32 raw bytes each: secrets
  std::string current;

  Result<crypto::Sealer> sealer() const { return crypto::Sealer::make(keys, current); }
};

// A ring with one new key, "key-1". `random` must be fit for keys outside tests.
Keyring make_keyring(Random& random);
// Adds a key, "key-<n+1>", and makes it the current one. The others go on opening.
void rotate(Keyring& ring, Random& random);

// Reads the file. NotFound when there is none; Invalid when others than its owner may read it, when
// it is owned by somebody else, or holds no keys. The message never repeats the content. Blocks.
Result<Keyring> load_keyring(const std::string& path);
// Writes it whole or not at all, with mode 0600, and waits for the disk. Blocks.
Status save_keyring(const std::string& path, const Keyring& ring);

}  // namespace gantry::store
