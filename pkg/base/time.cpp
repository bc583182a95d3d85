#include "pkg/base/time.h"

#include <algorithm>

#include <absl/strings/str_format.h>

namespace gantry {
namespace {

using std::chrono::duration_cast;
using std::chrono::floor;

// Writes a number over the digits that end before `end`.
void put_number(std::string& text, size_t end, size_t width, int64_t number) {
  for (size_t i = 0; i < width; ++i, number /= 10)
    text[end - 1 - i] = static_cast<char>('0' + number % 10);
}

// By hand: every object that is written or read has several times.
std::string date_and_seconds(Time time) {
  // The first of all days began before what nanoseconds hold.
  const auto second = floor<std::chrono::seconds>(time);
  const auto day = floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  std::string text = "0000-00-00T00:00:00";
  put_number(text, 4, 4, static_cast<int>(date.year()));
  put_number(text, 7, 2, static_cast<unsigned>(date.month()));
  put_number(text, 10, 2, static_cast<unsigned>(date.day()));
  put_number(text, 13, 2, clock.hours().count());
  put_number(text, 16, 2, clock.minutes().count());
  put_number(text, 19, 2, clock.seconds().count());
  return text;
}

// What a server sends may lie outside 1678 … 2261: then the nearest of these.
int64_t within_time(int64_t seconds) {
  constexpr auto kMost = std::chrono::floor<std::chrono::seconds>(Duration::max()).count();
  return std::clamp(seconds, -kMost, kMost);
}

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

template <class... Chars>
bool take_char(std::string_view& text, Chars... any_of) {
  if (text.empty() || ((text.front() != any_of) && ...)) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456" as nanoseconds; nullopt when the dot has no digits.
std::optional<Duration> take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) return Duration::zero();
  int64_t nanos = 0;
  int64_t scale = 100'000'000;
  size_t digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    nanos += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return Duration(nanos);
}

// "Z" or "+02:00", as what must be subtracted from the local reading.
std::optional<Duration> take_offset(std::string_view& text) {
  if (take_char(text, 'Z', 'z')) return Duration::zero();
  const bool minus = !text.empty() && text.front() == '-';
  if (!take_char(text, '+', '-')) return std::nullopt;
  const int hours = take_digits(text, 2);
  if (hours < 0 || hours > 23 || !take_char(text, ':')) return std::nullopt;
  const int minutes = take_digits(text, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return minus ? -offset : offset;
}

}  // namespace

Time SystemClock::now() const {
  return std::chrono::system_clock::now();
}

std::string to_rfc3339(Time time) {
  return date_and_seconds(time) + "Z";
}

std::string to_rfc3339_micro(Time time) {
  const auto fraction = time - floor<std::chrono::seconds>(time);
  return absl::StrFormat("%s.%06dZ", date_and_seconds(time),
                         duration_cast<std::chrono::microseconds>(fraction).count());
}

std::optional<Time> from_rfc3339(std::string_view text) {
  const int year = take_digits(text, 4);
  if (year < 1678 || year > 2261 || !take_char(text, '-')) return std::nullopt;
  const int month = take_digits(text, 2);
  if (month < 0 || !take_char(text, '-')) return std::nullopt;
  const int day = take_digits(text, 2);
  if (day < 0 || !take_char(text, 'T', 't', ' ')) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take_char(text, ':')) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59 || !take_char(text, ':')) return std::nullopt;
  const int second = take_digits(text, 2);
  if (second < 0 || second > 60) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + *fraction - *offset;
}

Time from_unix_seconds(int64_t seconds) {
  return Time(std::chrono::seconds(within_time(seconds)));
}

int64_t to_unix_seconds(Time time) {
  return floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Time seconds_before(Time time, int64_t seconds) {
  return from_unix_seconds(to_unix_seconds(time) - within_time(seconds));
}

std::string human_duration(Duration duration) {
  if (duration < Duration::zero()) return "-" + human_duration(-duration);
  const auto ms = duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms < 1000) return absl::StrFormat("%dms", ms);
  const auto s = ms / 1000;
  if (s < 60) return absl::StrFormat("%ds", s);
  if (s < 3600)
    return s % 60 == 0 ? absl::StrFormat("%dm", s / 60) : absl::StrFormat("%dm%ds", s / 60, s % 60);
  const auto m = s / 60;
  if (m < 24 * 60)
    return m % 60 == 0 ? absl::StrFormat("%dh", m / 60) : absl::StrFormat("%dh%dm", m / 60, m % 60);
  const auto h = m / 60;
  return h % 24 == 0 ? absl::StrFormat("%dd", h / 24) : absl::StrFormat("%dd%dh", h / 24, h % 24);
}

}  // namespace gantry
