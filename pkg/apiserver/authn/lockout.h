#pragma once
// Lockout: who has shown wrong credentials too often has to wait, longer each time.
#include <map>
#include <optional>
#include <string>

#include "pkg/base/time.h"

namespace gantry::apiserver {

struct LockoutLimits {
  int free_failures = 10;  // before the first wait
  Duration first = std::chrono::seconds(1);
  Duration longest = std::chrono::minutes(15);
  Duration forget_after = std::chrono::minutes(30);  // without a further failure
  size_t keys_max = 10'000;                          // the longest idle ones go first
};

// Failures by key. What a key is, the caller says: a source address, or a user at a source, never
// a user alone, or anybody could lock an administrator out from elsewhere. Not thread-safe; every
// call O(log keys).
class Lockout {
 public:
  explicit Lockout(LockoutLimits limits = {}) : limits_(limits) {}

  // How long the key still has to wait; nullopt: not at all.
  std::optional<Duration> wait(const std::string& key, Time now) const;
  void failed(const std::string& key, Time now);
  // Right credentials: the key starts anew.
  void succeeded(const std::string& key);
  bool knows(const std::string& key) const { return entries_.contains(key); }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    int failures = 0;
    Time last;
    Time until;
  };
  void make_room(Time now);
  LockoutLimits limits_;
  std::map<std::string, Entry> entries_;
};

// The key of a source: an IPv4 address, or the /64 of an IPv6 one, which one person has whole.
std::string source_of(const std::string& address);

}  // namespace gantry::apiserver
