#include "pkg/store/vmid_choice.h"

#include "pkg/base/testing.h"

namespace gantry::store {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOkAndHolds;
using ::testing::HasSubstr;

TEST(VmidChoice, TakesTheLowestThatNobodyUses) {
  struct Row {
    const char* name;
    VmidUse use;
    int64_t want;
  };
  for (const auto& row : std::vector<Row>{{"nothing used", {}, 100},
                                          {"ours", {{100}, {}, {}}, 101},
                                          {"in quarantine", {{100}, {101}, {}}, 102},
                                          {"somebody else's", {{}, {101}, {100}}, 102},
                                          {"used outside the range", {{1}, {2}, {999}}, 100}}) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(choose_vmid({100, 102}, row.use), IsOkAndHolds(VmId(row.want)));
  }
}

TEST(VmidChoice, SaysWhoUsesAFullRange) {
  EXPECT_THAT(
      choose_vmid({100, 101}, {{100, 7}, {101}, {}}),
      Fails(ErrorClass::overload,
            HasSubstr("100-101: 1 reserved by us, 1 in quarantine, 0 seen in the cluster")));
}

TEST(VmidChoice, RefusesARangeThatIsNone) {
  EXPECT_THAT(choose_vmid({102, 100}, {}), Fails(ErrorClass::invalid));
  EXPECT_THAT(choose_vmid({0, 100}, {}), Fails(ErrorClass::invalid));
}

}  // namespace
}  // namespace gantry::store
