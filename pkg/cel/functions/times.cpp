#include <algorithm>
#include <array>

#include <absl/time/civil_time.h>

#include "pkg/cel/functions/natives.h"
#include "pkg/cel/value/time_text.h"

namespace gantry::cel {
namespace {

using CivilInfo = absl::TimeZone::CivilInfo;

int64_t day_of_week(const CivilInfo& info) {
  // absl counts from Monday, CEL from Sunday.
  return (static_cast<int64_t>(absl::GetWeekday(info.cs)) + 1) % 7;
}

struct Getter {
  std::string_view name;
  int64_t (*of_timestamp)(const CivilInfo&);
  int64_t (*of_duration)(Duration);  // nullptr when durations have no such part
};

template <class Unit>
int64_t total(Duration duration) {
  return std::chrono::duration_cast<Unit>(duration).count();
}

constexpr std::array<Getter, 10> kGetters = {{
    {"getFullYear", [](const CivilInfo& i) { return int64_t{i.cs.year()}; }, nullptr},
    {"getMonth", [](const CivilInfo& i) { return int64_t{i.cs.month()} - 1; }, nullptr},
    {"getDate", [](const CivilInfo& i) { return int64_t{i.cs.day()}; }, nullptr},
    {"getDayOfMonth", [](const CivilInfo& i) { return int64_t{i.cs.day()} - 1; }, nullptr},
    {"getDayOfWeek", day_of_week, nullptr},
    {"getDayOfYear", [](const CivilInfo& i) { return int64_t{absl::GetYearDay(i.cs)} - 1; },
     nullptr},
    {"getHours", [](const CivilInfo& i) { return int64_t{i.cs.hour()}; },
     total<std::chrono::hours>},
    {"getMinutes", [](const CivilInfo& i) { return int64_t{i.cs.minute()}; },
     total<std::chrono::minutes>},
    {"getSeconds", [](const CivilInfo& i) { return int64_t{i.cs.second()}; },
     total<std::chrono::seconds>},
    {"getMilliseconds", [](const CivilInfo& i) { return absl::ToInt64Milliseconds(i.subsecond); },
     // A part, unlike the other three (cel-spec, timestamps.textproto "get_milliseconds").
     [](Duration d) { return total<std::chrono::milliseconds>(d) % 1000; }},
}};

}  // namespace

Value get_time_part(const Call& call) {
  const auto same = [&](const Getter& getter) { return getter.name == call.name; };
  const Getter& getter = *std::find_if(kGetters.begin(), kGetters.end(), same);
  const bool has_zone = call.args.size() == 2;
  if (call[0].is(Kind::duration) && getter.of_duration != nullptr && !has_zone) {
    return Value::integer(getter.of_duration(call[0].as_duration()));
  }
  if (!call[0].is(Kind::timestamp) || (has_zone && !call[1].is(Kind::string))) {
    return no_overload(call);
  }
  absl::TimeZone zone = absl::UTCTimeZone();
  if (has_zone) {
    // A name that was never seen is looked up in the file system.
    if (!call.meter.charge(20)) return Value();
    const auto found = find_time_zone(call[1].as_string());
    if (!found) return Value::error("unknown time zone " + call[1].to_text(80));
    zone = *found;
  }
  return Value::integer(getter.of_timestamp(zone.At(call[0].as_timestamp())));
}

}  // namespace gantry::cel
