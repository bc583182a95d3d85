#pragma once
// Randomness as a parameter: jitter, ids and tokens all come from here, so that a simulation
// repeats from its seed.
#include <cstdint>
#include <string>

#include "pkg/base/ids.h"

namespace gantry {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;

  // Uniform in [0, bound); bound > 0.
  uint64_t below(uint64_t bound);
  // Uniform in [0, 1).
  double unit();
  // An RFC 4122 version 4 UUID.
  Uid uuid();
  // `length` characters of Kubernetes' generateName alphabet (no vowels, nothing ambiguous).
  std::string suffix(size_t length);
};

// The kernel's generator: fit for tokens and keys. Aborts when the kernel refuses.
class SystemRandom final : public Random {
 public:
  uint64_t next() override;
};

// SplitMix64 from a seed: repeatable, never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override;

 private:
  uint64_t state_;
};

}  // namespace gantry
