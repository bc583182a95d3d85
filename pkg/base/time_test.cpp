#include "pkg/base/time.h"

#include <gmock/gmock.h>

namespace gantry {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, RoundTrips) {
  const auto time = from_rfc3339("2026-11-21T05:29:02.123456Z");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(to_rfc3339(*time), "2026-11-21T05:29:02Z");
  EXPECT_EQ(to_rfc3339_micro(*time), "2026-11-21T05:29:02.123456Z");
}

TEST(Rfc3339, HonoursTheOffset) {
  EXPECT_EQ(from_rfc3339("2026-01-01T00:30:00+01:00"), from_rfc3339("2025-12-31T23:30:00Z"));
}

TEST(Rfc3339, RefusesNonsense) {
  for (const auto* text : {"", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00",
                           "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z", "1500-01-01T00:00:00Z"})
    EXPECT_EQ(from_rfc3339(text), std::nullopt) << text;
}

TEST(UnixSeconds, RoundTripAndStayWithinWhatTimesHold) {
  EXPECT_EQ(to_rfc3339(from_unix_seconds(1'763'702'942)), "2025-11-21T05:29:02Z");
  EXPECT_EQ(to_unix_seconds(from_unix_seconds(-1)), -1);
  EXPECT_LT(from_unix_seconds(1'763'702'942), from_unix_seconds(INT64_MAX));
  EXPECT_GT(from_unix_seconds(0), from_unix_seconds(INT64_MIN));
  EXPECT_EQ(to_rfc3339(from_unix_seconds(INT64_MIN)), "1677-09-21T00:12:44Z");
}

TEST(SecondsBefore, StaysWithinWhatTimesHold) {
  const Time now = from_unix_seconds(1'763'702'942);
  EXPECT_EQ(to_unix_seconds(seconds_before(now, 42)), 1'763'702'900);
  EXPECT_LT(seconds_before(now, INT64_MAX), seconds_before(now, 42));
  EXPECT_GT(seconds_before(now, INT64_MIN), now);
}

TEST(HumanDuration, ShowsTheTwoLargestUnits) {
  EXPECT_EQ(human_duration(850ms), "850ms");
  EXPECT_EQ(human_duration(200s), "3m20s");
  EXPECT_EQ(human_duration(2h + 5min), "2h5m");
  EXPECT_EQ(human_duration(99h), "4d3h");
}

}  // namespace
}  // namespace gantry
