#include "pkg/pve/latency.h"

#include <algorithm>
#include <vector>

namespace gantry::pve {
namespace {

constexpr auto kWindow = std::chrono::minutes(5);
constexpr size_t kSamplesMax = 500;
constexpr size_t kSamplesMin = 20;

}  // namespace

void Latencies::add(Time now, Duration took) {
  samples_.push_back({now, took});
  while (samples_.size() > kSamplesMax || now - samples_.front().at > kWindow) {
    samples_.pop_front();
  }
}

std::optional<Duration> Latencies::p95(Time now) const {
  std::vector<Duration> all;
  for (const auto& sample : samples_) {
    if (now - sample.at <= kWindow) all.push_back(sample.took);
  }
  if (all.size() < kSamplesMin) return std::nullopt;
  const auto at = all.begin() + static_cast<int64_t>(all.size() * 95 / 100);
  std::ranges::nth_element(all, at);
  return *at;
}

}  // namespace gantry::pve
