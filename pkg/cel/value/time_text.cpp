#include "pkg/cel/value/time_text.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <absl/strings/str_format.h>
#include <absl/time/civil_time.h>

namespace gantry::cel {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Consumes exactly `width` digits; -1 when they are not there.
int take_digits(std::string_view& text, size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".5" as nanoseconds, 0 when there is no dot; -1 when the dot has no digits.
int64_t take_fraction(std::string_view& text) {
  if (!take_char(text, ".")) return 0;
  if (text.empty() || !is_digit(text.front())) return -1;
  int64_t nanos = 0;
  for (int64_t scale = 100'000'000; !text.empty() && is_digit(text.front()); scale /= 10) {
    nanos += (text.front() - '0') * scale;
    text.remove_prefix(1);
  }
  return nanos;
}

// "+02:00" as minutes east of UTC.
std::optional<int> take_offset(std::string_view& text, bool sign_needed) {
  const bool minus = !text.empty() && text.front() == '-';
  if (!take_char(text, "+-") && sign_needed) return std::nullopt;
  const int hours = take_digits(text, 2);
  if (hours < 0 || hours > 23 || !take_char(text, ":")) return std::nullopt;
  const int minutes = take_digits(text, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  const int total = hours * 60 + minutes;
  return minus ? -total : total;
}

std::optional<absl::CivilSecond> take_civil(std::string_view& text) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take_char(text, "-")) return std::nullopt;
  const int month = take_digits(text, 2);
  if (month < 0 || !take_char(text, "-")) return std::nullopt;
  const int day = take_digits(text, 2);
  if (day < 0 || !take_char(text, "Tt")) return std::nullopt;
  const int hour = take_digits(text, 2);
  if (hour < 0 || !take_char(text, ":")) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (minute < 0 || !take_char(text, ":")) return std::nullopt;
  const int second = take_digits(text, 2);
  if (second < 0) return std::nullopt;
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  // CivilSecond carries over what does not exist: 30 February would become 2 March.
  const bool exists = civil.month() == month && civil.day() == day && civil.hour() == hour &&
                      civil.minute() == minute && civil.second() == second;
  if (!exists) return std::nullopt;
  return civil;
}

std::string fraction_text(int64_t nanos) {
  if (nanos == 0) return "";
  std::string text = absl::StrFormat(".%09d", nanos);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

struct Unit {
  std::string_view name;
  int64_t nanos;
};

// Longer names first, so that "ms" is not read as "m".
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\u00b5s", 1'000},
                                         {"\u03bcs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

int64_t take_unit(std::string_view& text) {
  for (const auto& [name, nanos] : kUnits) {
    if (text.substr(0, name.size()) != name) continue;
    text.remove_prefix(name.size());
    return nanos;
  }
  return 0;
}

// Digits beyond it change nothing.
constexpr int64_t kFractionMax = 100'000'000'000'000;

// One "1.5h"; nullopt when it is none or overflows.
std::optional<int64_t> take_term(std::string_view& text) {
  int64_t whole = 0;
  size_t digits = 0;
  for (; !text.empty() && is_digit(text.front()); ++digits) {
    if (__builtin_mul_overflow(whole, 10, &whole)) return std::nullopt;
    if (__builtin_add_overflow(whole, text.front() - '0', &whole)) return std::nullopt;
    text.remove_prefix(1);
  }
  int64_t fraction = 0;
  double scale = 1;
  if (take_char(text, ".")) {
    for (; !text.empty() && is_digit(text.front()); ++digits) {
      if (fraction < kFractionMax) {
        fraction = fraction * 10 + (text.front() - '0');
        scale *= 10;
      }
      text.remove_prefix(1);
    }
  }
  const int64_t unit = take_unit(text);
  if (digits == 0 || unit == 0) return std::nullopt;
  int64_t nanos = 0;
  if (__builtin_mul_overflow(whole, unit, &nanos)) return std::nullopt;
  // Cut off, not rounded, as Go does.
  const auto rest =
      static_cast<int64_t>(static_cast<double>(fraction) * (static_cast<double>(unit) / scale));
  if (__builtin_add_overflow(nanos, rest, &nanos)) return std::nullopt;
  return nanos;
}

bool is_zone_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= 64 && name.front() != '/' && name != "localtime" &&
         std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

bool in_range(absl::Time time) {
  constexpr int64_t kFirst = -62'135'596'800;  // 0001-01-01T00:00:00Z
  constexpr int64_t kAfterLast = 253'402'300'800;
  return time >= absl::FromUnixSeconds(kFirst) && time < absl::FromUnixSeconds(kAfterLast);
}

std::optional<absl::Time> parse_timestamp(std::string_view text) {
  const auto civil = take_civil(text);
  if (!civil) return std::nullopt;
  const int64_t nanos = take_fraction(text);
  if (nanos < 0) return std::nullopt;
  int offset_minutes = 0;
  if (!take_char(text, "Zz")) {
    const auto offset = take_offset(text, true);
    if (!offset) return std::nullopt;
    offset_minutes = *offset;
  }
  if (!text.empty()) return std::nullopt;
  const absl::Time time = absl::FromCivil(*civil, absl::UTCTimeZone()) -
                          absl::Minutes(offset_minutes) + absl::Nanoseconds(nanos);
  if (!in_range(time)) return std::nullopt;
  return time;
}

std::string to_text(absl::Time time) {
  const auto parts = absl::UTCTimeZone().At(time);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d%sZ", parts.cs.year(), parts.cs.month(),
                         parts.cs.day(), parts.cs.hour(), parts.cs.minute(), parts.cs.second(),
                         fraction_text(absl::ToInt64Nanoseconds(parts.subsecond)));
}

std::optional<Duration> parse_duration(std::string_view text) {
  const bool minus = !text.empty() && text.front() == '-';
  take_char(text, "+-");
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  int64_t total = 0;
  while (!text.empty()) {
    const auto term = take_term(text);
    if (!term || __builtin_add_overflow(total, *term, &total)) return std::nullopt;
  }
  return Duration(minus ? -total : total);
}

std::string to_text(Duration duration) {
  constexpr int64_t kNanos = 1'000'000'000;
  const int64_t seconds = duration.count() / kNanos;
  const int64_t nanos = std::abs(duration.count() % kNanos);
  const std::string sign = duration.count() < 0 && seconds == 0 ? "-" : "";
  return sign + std::to_string(seconds) + fraction_text(nanos) + "s";
}

std::optional<absl::TimeZone> find_time_zone(std::string_view name) {
  if (name == "UTC") return absl::UTCTimeZone();
  std::string_view rest = name;
  if (const auto offset = take_offset(rest, false); offset && rest.empty()) {
    return absl::FixedTimeZone(*offset * 60);
  }
  if (!is_zone_name(name)) return std::nullopt;
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) return std::nullopt;
  return zone;
}

}  // namespace gantry::cel
