#pragma once
// The texts of timestamps (RFC 3339) and durations ("1h30m") in CEL, and time zones by name.
#include <optional>
#include <string>
#include <string_view>

#include <absl/time/time.h>

#include "pkg/base/time.h"

namespace gantry::cel {

// Whether CEL can hold it: 0001-01-01T00:00:00Z … 9999-12-31T23:59:59.999999999Z.
bool in_range(absl::Time time);

// nullopt when it is no RFC 3339 time or out of range. More than nine digits of a fraction are cut.
std::optional<absl::Time> parse_timestamp(std::string_view text);
// "2009-02-13T23:31:30.5Z": always UTC, the fraction without trailing zeros.
std::string to_text(absl::Time time);

// "1h30m", "-1.5s", "100ms": numbers with the units h, m, s, ms, us (or µs), ns; "0" needs none.
// nullopt when it is none or does not fit 64-bit nanoseconds (about 292 years).
std::optional<Duration> parse_duration(std::string_view text);
// "5400s", "-1.5s".
std::string to_text(Duration duration);

// "UTC", "+02:00", "-09:30", "02:00" or an IANA name ("Europe/Paris"). nullopt for anything else;
// names are never paths. Reads the zone from /usr/share/zoneinfo once and keeps it.
std::optional<absl::TimeZone> find_time_zone(std::string_view name);

}  // namespace gantry::cel
