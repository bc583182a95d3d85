#pragma once
// Points in time and the two texts for them that the Kubernetes API uses.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

// Reads the time of day. Injected everywhere; the wall clock is read in one file only.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// The machine's own clock.
class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// "2026-11-21T05:29:02Z" (metav1.Time) and "2026-11-21T05:29:02.000001Z" (metav1.MicroTime).
std::string to_rfc3339(Time time);
std::string to_rfc3339_micro(Time time);
// Accepts a fraction and an offset; nullopt when it is no RFC 3339 time or lies outside
// 1678 … 2261 (what 64-bit nanoseconds hold).
std::optional<Time> from_rfc3339(std::string_view text);

// Seconds since the epoch, as Proxmox writes times.
Time from_unix_seconds(int64_t seconds);
int64_t to_unix_seconds(Time time);
// The whole second so long before `time`: when something with that uptime began. What a server
// sends may be absurd: then the first or the last second that a Time holds.
Time seconds_before(Time time, int64_t seconds);

// "850ms", "12s", "3m20s", "2h5m", "4d3h": for people.
std::string human_duration(Duration duration);

}  // namespace gantry
