#include "pkg/base/status.h"

#include "pkg/base/random.h"
#include "pkg/base/testing.h"

namespace gantry {
namespace {

using testing::Fails;
using ::testing::HasSubstr;

TEST(Status, KeepsClassCodeAndHintThroughAnnotate) {
  auto status = error(ErrorClass::locked, "CT %d is locked (%s)", 100, "backup");
  status = with_code(with_retry_after(status, std::chrono::seconds(2)), "CT-004");
  const auto outer = annotate(status, "start guest");
  EXPECT_THAT(outer, Fails(ErrorClass::locked, "start guest: CT 100 is locked (backup)"));
  EXPECT_EQ(catalogue_code(outer), "CT-004");
  EXPECT_EQ(retry_after(outer), std::chrono::seconds(2));
}

TEST(Status, EveryClassSurvivesTheRoundTrip) {
  for (int i = 0; i <= static_cast<int>(ErrorClass::internal); ++i) {
    const auto kind = static_cast<ErrorClass>(i);
    EXPECT_EQ(error_class(make_error(kind, "x")), kind) << to_string(kind);
  }
}

TEST(Random, UuidsAreVersion4AndRepeatFromTheSeed) {
  SeededRandom a(1);
  SeededRandom b(1);
  const auto uuid = a.uuid();
  EXPECT_EQ(uuid, b.uuid());
  ASSERT_EQ(uuid.get().size(), 36U);
  EXPECT_EQ(uuid.get()[14], '4');
  EXPECT_THAT(std::string("89ab"), HasSubstr(uuid.get().substr(19, 1)));
}

}  // namespace
}  // namespace gantry
