#pragma once
// Meter: the cost budget of one evaluation. Costs are abstract and deterministic: the same program
// on the same values costs the same everywhere, so a limit can be part of an API's promise.
#include <cstddef>
#include <cstdint>

namespace gantry::cel {

// One unit per expression node, list element or map entry visited, and per started 64 bytes of
// text read or written. Once exhausted it stays exhausted: no operator absorbs that.
class Meter {
 public:
  explicit Meter(uint64_t limit) : left_(limit), limit_(limit) {}

  // False when the budget does not cover `units`; the caller stops working.
  bool charge(uint64_t units) {
    if (exhausted_ || units > left_) {
      exhausted_ = true;
      return false;
    }
    left_ -= units;
    return true;
  }
  bool charge_text(size_t bytes) { return charge((bytes + 63) / 64); }

  bool exhausted() const { return exhausted_; }
  uint64_t used() const { return limit_ - left_; }
  uint64_t limit() const { return limit_; }

 private:
  uint64_t left_;
  uint64_t limit_;
  bool exhausted_ = false;
};

}  // namespace gantry::cel
