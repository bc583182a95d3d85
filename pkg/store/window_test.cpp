#include "pkg/store/window.h"

#include "pkg/base/testing.h"

namespace gantry::store {
namespace {

using namespace std::chrono_literals;

RecordChange change(const char* resource, const char* ns, int64_t revision, size_t bytes = 10) {
  auto record = std::make_shared<Record>();
  record->key = Key{resource, ns, "x"};
  record->revision = revision;
  record->text = std::string(bytes, 'x');
  return RecordChange{ChangeType::modified, record, nullptr};
}

std::vector<int64_t> revisions(const std::optional<std::vector<RecordChange>>& changes) {
  std::vector<int64_t> found;
  if (!changes) return {-1};
  for (const auto& c : *changes) found.push_back(c.record->revision);
  return found;
}

TEST(Window, GivesWhatFollowsOfOneResourceAndNamespace) {
  Window window({});
  window.append(change("apps", "a", 1), Time{});
  window.append(change("secrets", "a", 2), Time{});
  window.append(change("apps", "b", 3), Time{});
  EXPECT_THAT(revisions(window.after("apps", "", 0, 100)), ::testing::ElementsAre(1, 3));
  EXPECT_THAT(revisions(window.after("apps", "b", 0, 100)), ::testing::ElementsAre(3));
  EXPECT_THAT(revisions(window.after("apps", "", 1, 100)), ::testing::ElementsAre(3));
  EXPECT_THAT(revisions(window.after("apps", "", 3, 100)), ::testing::ElementsAre());
  EXPECT_THAT(revisions(window.after("pods", "", 0, 100)), ::testing::ElementsAre());
}

TEST(Window, IsBoundedByNumberBytesAndAge) {
  struct Row {
    const char* name;
    WindowLimits limits;
  };
  for (const auto& row :
       {Row{"number", {2, 1000, 1h}}, Row{"bytes", {100, 25, 1h}}, Row{"age", {100, 1000, 90s}}}) {
    SCOPED_TRACE(row.name);
    Window window(row.limits);
    for (int i = 1; i <= 3; ++i) window.append(change("apps", "a", i), Time(i * 60s));
    EXPECT_THAT(revisions(window.after("apps", "", 0, 100)), ::testing::ElementsAre(-1));
    EXPECT_THAT(revisions(window.after("apps", "", 1, 100)), ::testing::ElementsAre(2, 3));
    EXPECT_EQ(window.size(), 2U);
  }
}

TEST(Window, ExpiresOnlyTheResourceWhoseChangesWereDropped) {
  Window window({2, 1000, 1h});
  window.append(change("secrets", "a", 1), Time{});
  for (int i = 2; i <= 4; ++i) window.append(change("apps", "a", i), Time{});
  EXPECT_THAT(revisions(window.after("apps", "", 1, 100)), ::testing::ElementsAre(-1));
  EXPECT_THAT(revisions(window.after("secrets", "", 1, 100)), ::testing::ElementsAre());
  EXPECT_THAT(revisions(window.after("secrets", "", 0, 100)), ::testing::ElementsAre(-1));
}

}  // namespace
}  // namespace gantry::store
