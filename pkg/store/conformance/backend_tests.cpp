#include "pkg/base/testing.h"
#include "pkg/store/conformance/tests.h"

namespace gantry::store::conformance {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using ::testing::ElementsAre;

Write put(const char* name, int64_t expected, std::string text = "{}") {
  Write write;
  write.key = Key{"apps.gantry.dev", "default", name};
  write.uid = Uid(std::string("uid-of-") + name);
  write.expected_revision = expected;
  write.text = std::move(text);
  return write;
}

Write erase(const char* name, int64_t expected) {
  auto write = put(name, expected, R"({"last":true})");
  write.type = WriteType::erase;
  return write;
}

std::vector<Result<int64_t>> commit(World& world, Database& database, std::vector<Write> writes) {
  auto answers = world.run(database.backend().commit(std::move(writes)));
  EXPECT_THAT(answers, IsOk());
  return answers.ok() ? *answers : std::vector<Result<int64_t>>{};
}

// "name@revision=text", by name.
std::vector<std::string> rows(World& world, Database& database) {
  const auto loaded = world.run(database.backend().load());
  EXPECT_THAT(loaded, IsOk());
  std::vector<std::string> lines;
  if (!loaded.ok()) return lines;
  for (const auto& row : loaded->objects)
    lines.push_back(row.key.name + "@" + std::to_string(row.revision) + "=" + row.text);
  std::ranges::sort(lines);
  return lines;
}

std::vector<std::string> feed(World& world, Database& database, int64_t since, int limit = 100) {
  const auto entries = world.run(database.backend().changes_since(since, limit));
  EXPECT_THAT(entries, IsOk());
  std::vector<std::string> lines;
  if (!entries.ok()) return lines;
  for (const auto& entry : *entries)
    lines.push_back((entry.type == WriteType::put ? "+" : "-") + entry.key.name + "@" +
                    std::to_string(entry.revision));
  return lines;
}

void starts_empty(World& world) {
  const auto loaded = world.run(world.first().backend().load());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->revision, 0);
  EXPECT_THAT(loaded->objects, ElementsAre());
  EXPECT_EQ(world.first().installation(), world.second().installation());
  EXPECT_FALSE(world.first().installation().empty());
}

void gives_dense_revisions_in_the_order_of_the_writes(World& world) {
  EXPECT_THAT(commit(world, world.first(), {put("b", 0), put("a", 0)}),
              ElementsAre(IsOkAndHolds(1), IsOkAndHolds(2)));
  EXPECT_THAT(commit(world, world.second(), {put("c", 0)}), ElementsAre(IsOkAndHolds(3)));
  EXPECT_THAT(feed(world, world.first(), 0), ElementsAre("+b@1", "+a@2", "+c@3"));
  EXPECT_THAT(feed(world, world.first(), 1, 1), ElementsAre("+a@2"));
  EXPECT_THAT(feed(world, world.first(), 3), ElementsAre());
}

void refuses_single_writes_and_commits_the_others(World& world) {
  commit(world, world.first(), {put("a", 0), put("b", 0)});
  EXPECT_THAT(
      commit(world, world.first(),
             {put("a", 0), put("a", 7), put("x", 7), erase("x", 7), put("b", 2), erase("a", 1)}),
      ElementsAre(Fails(ErrorClass::already_exists), Fails(ErrorClass::conflict),
                  Fails(ErrorClass::not_found), Fails(ErrorClass::not_found), IsOkAndHolds(3),
                  IsOkAndHolds(4)));
  EXPECT_THAT(rows(world, world.first()), ElementsAre("b@3={}"));
  EXPECT_THAT(feed(world, world.first(), 2), ElementsAre("+b@3", "-a@4"));
}

void uses_up_no_revision_when_nothing_passes(World& world) {
  EXPECT_THAT(commit(world, world.first(), {erase("x", 1)}),
              ElementsAre(Fails(ErrorClass::not_found)));
  EXPECT_THAT(commit(world, world.first(), {put("a", 0)}), ElementsAre(IsOkAndHolds(1)));
}

void applies_several_writes_of_one_object_in_order(World& world) {
  EXPECT_THAT(commit(world, world.first(),
                     {put("a", 0, "1"), put("a", 1, "2"), erase("a", 2), put("a", 0, "3"),
                      put("b", 0, "1"), erase("b", 5)}),
              ElementsAre(IsOkAndHolds(1), IsOkAndHolds(2), IsOkAndHolds(3), IsOkAndHolds(4),
                          IsOkAndHolds(5), IsOkAndHolds(6)));
  EXPECT_THAT(rows(world, world.first()), ElementsAre("a@4=3"));
  EXPECT_THAT(feed(world, world.first(), 0),
              ElementsAre("+a@1", "+a@2", "-a@3", "+a@4", "+b@5", "-b@6"));
}

void keeps_every_text_as_it_is(World& world) {
  const std::string odd = R"({"a":"\"\\\u0000{},'\n\tNULL","ü":"€😀","e":""})";
  auto cluster_wide = put("n", 0, odd);
  cluster_wide.key.ns = "";
  commit(world, world.first(), {put("a", 0, odd), put("empty", 0, ""), cluster_wide});
  EXPECT_THAT(rows(world, world.second()), ElementsAre("a@1=" + odd, "empty@2=", "n@3=" + odd));
  const auto entries = world.run(world.second().backend().changes_since(0, 10));
  ASSERT_THAT(entries, IsOk());
  EXPECT_EQ(entries->at(0).text, odd);
  EXPECT_EQ(entries->at(0).uid, Uid("uid-of-a"));
  EXPECT_EQ(entries->at(2).key, cluster_wide.key);
}

void takes_a_large_group(World& world) {
  std::vector<Write> writes;
  std::vector<std::string> names(500);
  for (size_t i = 0; i < names.size(); ++i) {
    names[i] = "app-" + std::to_string(i);
    writes.push_back(put(names[i].c_str(), 0, std::string(2000, 'x')));
  }
  const auto answers = commit(world, world.first(), std::move(writes));
  ASSERT_EQ(answers.size(), names.size());
  EXPECT_THAT(answers.back(), IsOkAndHolds(500));
  EXPECT_EQ(rows(world, world.first()).size(), names.size());
}

void says_when_the_feed_does_not_reach_back(World& world) {
  commit(world, world.first(), {put("a", 0), put("b", 0), put("c", 0)});
  world.trim_feed(2);
  EXPECT_TRUE(is_expired(world.run(world.first().backend().changes_since(1, 10)).status()));
  EXPECT_THAT(feed(world, world.first(), 2), ElementsAre("+c@3"));
  EXPECT_TRUE(is_expired(world.run(world.first().backend().changes_since(4, 10)).status()));
  const auto loaded = world.run(world.first().backend().load());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->oldest_change, 3);
}

void loads_the_newest_change_even_when_it_is_an_erase(World& world) {
  commit(world, world.first(), {put("a", 0), put("b", 0)});
  const auto before = world.run(world.first().backend().load());
  ASSERT_THAT(before, IsOk());
  ASSERT_TRUE(before->newest.has_value());
  EXPECT_EQ(before->newest->key.name, "b");
  commit(world, world.second(), {erase("a", 1)});
  const auto loaded = world.run(world.first().backend().load());
  ASSERT_THAT(loaded, IsOk());
  ASSERT_TRUE(loaded->newest.has_value());
  EXPECT_EQ(loaded->newest->type, WriteType::erase);
  EXPECT_EQ(loaded->newest->key.name, "a");
  EXPECT_EQ(loaded->newest->revision, loaded->revision);
  EXPECT_EQ(loaded->newest->text, R"({"last":true})");
}

// "name@revision<previous=text", and what was read through.
std::vector<std::string> part(World& world, const char* resource, int64_t since, int limit = 100) {
  const auto read = world.run(world.second().backend().changes_of(resource, since, limit));
  EXPECT_THAT(read, IsOk());
  std::vector<std::string> lines;
  if (!read.ok()) return lines;
  for (const auto& entry : read->entries)
    lines.push_back(absl::StrFormat("%s%s@%d<%d=%s", entry.type == WriteType::put ? "+" : "-",
                                    entry.key.name, entry.revision, entry.previous_revision,
                                    entry.previous));
  return lines;
}

void tells_what_was_there_before_each_change(World& world) {
  commit(world, world.first(), {put("a", 0, "1"), put("b", 0, "1")});
  commit(world, world.first(), {put("a", 1, "2"), erase("b", 2)});
  EXPECT_THAT(part(world, "apps.gantry.dev", 0),
              ElementsAre("+a@1<0=", "+b@2<0=", "+a@3<1=1", "-b@4<2=1"));
  // Also within one group.
  commit(world, world.first(),
         {put("a", 3, "3"), put("a", 5, "4"), erase("a", 6), put("a", 0, "5")});
  EXPECT_THAT(part(world, "apps.gantry.dev", 4),
              ElementsAre("+a@5<3=2", "+a@6<5=3", "-a@7<6=4", "+a@8<0="));
}

void reads_the_feed_of_one_resource_in_parts(World& world) {
  auto other = put("s", 0);
  other.key.resource = "secrets";
  commit(world, world.first(), {put("a", 0), other, put("b", 0), put("c", 0)});
  EXPECT_THAT(part(world, "apps.gantry.dev", 0, 2), ElementsAre("+a@1<0=", "+b@3<0="));
  const auto first = world.run(world.first().backend().changes_of("apps.gantry.dev", 0, 2));
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->through, 3);
  EXPECT_THAT(part(world, "apps.gantry.dev", 3), ElementsAre("+c@4<0="));
  const auto nothing = world.run(world.first().backend().changes_of("pods", 0, 2));
  ASSERT_THAT(nothing, IsOk());
  EXPECT_EQ(nothing->entries.size(), 0U);
  EXPECT_EQ(nothing->through, 4);
  world.trim_feed(2);
  EXPECT_TRUE(is_expired(world.run(world.first().backend().changes_of("pods", 1, 2)).status()));
  EXPECT_TRUE(is_expired(world.run(world.first().backend().changes_of("pods", 5, 2)).status()));
}

void wakes_those_who_wait_for_a_change(World& world) {
  auto& waiter = world.second().backend();
  EXPECT_THAT(world.run(waiter.load()), IsOk());
  // The first wait may answer at once; what it announces is then read.
  (void)world.run(waiter.wait_for_change(1ms));
  (void)world.run(waiter.changes_since(0, 10));
  async::Group group(world.loop().executor());
  bool woken = false;
  group.spawn("waiter", [&]() -> Async<Status> {
    const Status waited = co_await waiter.wait_for_change(20s);
    woken = waited.ok();
    co_return waited;
  });
  group.spawn("writer", [&]() -> Async<Status> {
    (void)co_await world.clock().sleep_for(20ms);
    std::vector<Write> writes(1, put("a", 0));
    const auto answers = co_await world.first().backend().commit(std::move(writes));
    co_return answers.status();
  });
  const auto began = world.clock().now();
  EXPECT_THAT(world.run(group.join()), IsOk());
  EXPECT_TRUE(woken);
  EXPECT_LT(world.clock().now() - began, 10s);
}

void does_not_wake_for_own_writes(World& world) {
  auto& backend = world.first().backend();
  EXPECT_THAT(world.run(backend.load()), IsOk());
  (void)world.run(backend.wait_for_change(1ms));
  (void)world.run(backend.changes_since(0, 10));
  commit(world, world.first(), {put("a", 0)});
  const auto began = world.clock().now();
  EXPECT_THAT(world.run(backend.wait_for_change(300ms)), IsOk());
  EXPECT_GE(world.clock().now() - began, 250ms);
}

}  // namespace

const std::vector<ContractTest>& backend_tests() {
  static const std::vector<ContractTest> tests{
      {"StartsEmpty", starts_empty},
      {"LoadsTheNewestChangeEvenWhenItIsAnErase", loads_the_newest_change_even_when_it_is_an_erase},
      {"GivesDenseRevisionsInTheOrderOfTheWrites",
       gives_dense_revisions_in_the_order_of_the_writes},
      {"RefusesSingleWritesAndCommitsTheOthers", refuses_single_writes_and_commits_the_others},
      {"UsesUpNoRevisionWhenNothingPasses", uses_up_no_revision_when_nothing_passes},
      {"AppliesSeveralWritesOfOneObjectInOrder", applies_several_writes_of_one_object_in_order},
      {"KeepsEveryTextAsItIs", keeps_every_text_as_it_is},
      {"TakesALargeGroup", takes_a_large_group},
      {"SaysWhenTheFeedDoesNotReachBack", says_when_the_feed_does_not_reach_back},
      {"TellsWhatWasThereBeforeEachChange", tells_what_was_there_before_each_change},
      {"ReadsTheFeedOfOneResourceInParts", reads_the_feed_of_one_resource_in_parts},
      {"WakesThoseWhoWaitForAChange", wakes_those_who_wait_for_a_change},
      {"DoesNotWakeForOwnWrites", does_not_wake_for_own_writes},
  };
  return tests;
}

}  // namespace gantry::store::conformance
