#include "pkg/apiserver/authn/lockout.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "pkg/base/text.h"

namespace gantry::apiserver {

std::optional<Duration> Lockout::wait(const std::string& key, Time now) const {
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || entry->second.until <= now) return std::nullopt;
  return entry->second.until - now;
}

void Lockout::failed(const std::string& key, Time now) {
  if (!entries_.contains(key)) make_room(now);
  auto& entry = entries_[key];
  if (now - entry.last > limits_.forget_after) entry.failures = 0;
  entry.last = now;
  const int beyond = ++entry.failures - limits_.free_failures;
  if (beyond < 0) return;
  Duration pause = limits_.first;
  for (int i = 0; i < beyond && pause < limits_.longest; ++i) pause *= 2;
  entry.until = now + std::min(pause, limits_.longest);
}

void Lockout::succeeded(const std::string& key) {
  entries_.erase(key);
}

void Lockout::make_room(Time now) {
  if (entries_.size() < limits_.keys_max) return;
  std::erase_if(entries_,
                [&](const auto& item) { return now - item.second.last > limits_.forget_after; });
  if (entries_.size() < limits_.keys_max) return;
  const auto oldest =
      std::ranges::min_element(entries_, {}, [](const auto& item) { return item.second.last; });
  entries_.erase(oldest);
}

std::string source_of(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
  static constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped = std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return hex({text, mapped ? size_t{16} : size_t{8}});
}

}  // namespace gantry::apiserver
