// Pages, states of the past and watches from long ago, over the memory backend.
#include "pkg/store/cached_reader.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::store {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Resource kApps = "apps.gantry.dev";

class ReaderTest : public ::testing::Test {
 protected:
  ReaderTest() { start(); }
  ~ReaderTest() override { (void)run(store_->stop()); }

  void start(WindowLimits window = {}) {
    if (store_) (void)run(store_->stop());
    CachedStoreOptions options;
    options.window = window;
    store_ = std::make_unique<CachedStore>(loop_.executor(), database_.backend(), clock_, random_,
                                           options);
    EXPECT_THAT(run(store_->start()), IsOk());
  }
  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }
  static Json app(const std::string& name, const std::string& tier, const std::string& cls) {
    Json object;
    object.member("metadata").set("name", name);
    object.member("metadata").set("namespace", "default");
    object.member("metadata").member("labels").set("tier", tier);
    object.member("spec").set("machineClassName", cls);
    return object;
  }
  void put(const std::string& name, const std::string& tier = "a", const std::string& cls = "s") {
    const Key key{kApps, "default", name};
    const auto there = store_->get(key).ok();
    const auto written = run(there ? store_->update(kApps, Part::whole, app(name, tier, cls))
                                   : store_->create(kApps, app(name, tier, cls)));
    ASSERT_THAT(written, IsOk());
  }
  void remove(const std::string& name) {
    ASSERT_THAT(run(store_->remove(Key{kApps, "default", name}, {})), IsOk());
  }
  static Query apps(const std::string& tier = "") {
    Query query;
    query.resource = kApps;
    if (tier.empty()) return query;
    Requirement wanted;
    wanted.op = Requirement::Operator::in;
    wanted.label = "tier";
    wanted.values = {tier};
    query.selector.requirements.push_back(wanted);
    return query;
  }
  static std::vector<std::string> names(const Page& page) {
    std::vector<std::string> found;
    for (const auto& item : page.items)
      found.push_back(item->key.name + "@" + std::to_string(item->revision));
    return found;
  }
  std::vector<std::string> at(int64_t revision, const Query& query = apps(), PageOf part = {}) {
    const auto page = run(store_->reader().list_at(query, part, revision));
    if (!page.ok()) return {is_expired(page.status()) ? "expired" : message_of(page.status())};
    EXPECT_EQ(page->revision, revision);
    return names(*page);
  }
  std::vector<std::string> next(RecordWatch& watch, size_t limit = 100) {
    const auto changes = run(watch.next(limit));
    EXPECT_THAT(changes, IsOk());
    std::vector<std::string> lines;
    if (!changes.ok()) return lines;
    for (const auto& change : *changes) {
      const char* type = change.type == ChangeType::added      ? "+"
                         : change.type == ChangeType::modified ? "~"
                                                               : "-";
      lines.push_back(type + change.record->key.name + "@" +
                      std::to_string(change.record->revision));
    }
    return lines;
  }

  async::Loop loop_;
  async::SimulatedClock clock_{*from_rfc3339("2026-01-01T00:00:00Z")};
  SeededRandom random_{1};
  memory::Disk disk_{clock_};
  memory::Database database_{disk_};
  std::unique_ptr<CachedStore> store_;
};

TEST_F(ReaderTest, GivesPagesAndSaysHowMuchIsLeft) {
  for (const auto* name : {"c", "a", "b", "d"}) put(name);
  const auto first = store_->reader().list(apps(), PageOf{{}, 2});
  EXPECT_THAT(names(first), ElementsAre("a@2", "b@3"));
  EXPECT_EQ(first.remaining, 2U);
  const auto rest = store_->reader().list(apps(), PageOf{{"default", "b"}, 2});
  EXPECT_THAT(names(rest), ElementsAre("c@1", "d@4"));
  EXPECT_EQ(rest.remaining, 0U);
}

TEST_F(ReaderTest, SelectsByIndexAsByLookingAtEachObject) {
  put("a", "x", "small");
  put("b", "y", "small");
  put("c", "x", "large");
  EXPECT_THAT(names(store_->reader().list(apps("x"), {})), ElementsAre("a@1", "c@3"));
  put("a", "y", "small");  // leaves
  EXPECT_THAT(names(store_->reader().list(apps("x"), {})), ElementsAre("c@3"));
  remove("c");
  EXPECT_THAT(names(store_->reader().list(apps("x"), {})), ElementsAre());
  auto both = apps("y");
  Requirement field;
  field.on = Requirement::On::field;
  field.op = Requirement::Operator::in;
  field.values = {"small", "huge"};
  both.selector.requirements.push_back(field);
  EXPECT_THAT(names(store_->reader().list(both, {})), ElementsAre("a@4", "b@2"));
  field.op = Requirement::Operator::not_in;
  both.selector.requirements.back() = field;
  EXPECT_THAT(names(store_->reader().list(both, {})), ElementsAre());
}

TEST_F(ReaderTest, KeepsTheStateOfAnEarlierRevision) {
  put("a");
  put("b", "x");
  put("c");
  put("b", "y");  // 4
  put("d");       // 5
  remove("a");    // 6
  put("a", "z");  // 7
  EXPECT_THAT(at(3), ElementsAre("a@1", "b@2", "c@3"));
  EXPECT_THAT(at(5), ElementsAre("a@1", "b@4", "c@3", "d@5"));
  EXPECT_THAT(at(6), ElementsAre("b@4", "c@3", "d@5"));
  EXPECT_THAT(at(7), ElementsAre("a@7", "b@4", "c@3", "d@5"));
  EXPECT_THAT(at(3, apps("x")), ElementsAre("b@2"));
  EXPECT_THAT(at(4, apps("x")), ElementsAre());
  EXPECT_THAT(at(5, apps(), PageOf{{"default", "a"}, 2}), ElementsAre("b@4", "c@3"));
  EXPECT_THAT(at(0), ElementsAre()) << "before everything";
}

TEST_F(ReaderTest, KnowsThePastAcrossARestartAsLongAsTheFeedIsKept) {
  put("a");
  put("b");
  put("a", "y");
  start();
  EXPECT_THAT(at(2), ElementsAre("a@1", "b@2"));
  put("c");
  EXPECT_THAT(at(1), ElementsAre("a@1"));
  disk_.trim_feed(2);
  start();
  EXPECT_THAT(at(1), ElementsAre("expired"));
  EXPECT_THAT(at(2), ElementsAre("a@1", "b@2"));
}

TEST_F(ReaderTest, ResumesAWatchAcrossARestart) {
  put("a");
  put("b");
  put("a", "y");
  remove("b");
  start();
  auto watch = run(store_->reader().watch(kApps, "", 1));
  ASSERT_THAT(watch, IsOk());
  EXPECT_LT((*watch)->revision(), 2) << "nothing has been delivered";
  EXPECT_THAT(next(**watch, 2), ElementsAre("+b@2", "~a@3"));
  put("c");
  EXPECT_THAT(next(**watch), ElementsAre("-b@4"));
  EXPECT_THAT(next(**watch), ElementsAre("+c@5"));
  put("c", "y");
  EXPECT_THAT(next(**watch), ElementsAre("~c@6"));
  EXPECT_EQ((*watch)->revision(), 6);
}

TEST_F(ReaderTest, ReadsOldChangesFromTheFeedInManyParts) {
  for (int i = 0; i < 1200; ++i) put("a" + std::to_string(i % 7), std::to_string(i));
  start();
  auto watch = run(store_->reader().watch(kApps, "", 100));
  ASSERT_THAT(watch, IsOk());
  std::vector<std::string> all;
  while (all.size() < 1100)
    for (auto& line : next(**watch, 64)) all.push_back(std::move(line));
  EXPECT_EQ(all.size(), 1100U);
  EXPECT_EQ(all.front(), "~a2@101");
  EXPECT_EQ(all.back(), "~a2@1200");
}

TEST_F(ReaderTest, TellsNobodyWhyTheDatabaseDoesNotAnswer) {
  put("a");
  start();
  disk_.down = true;
  const auto watch = run(store_->reader().watch(kApps, "", 0));
  const auto page = run(store_->reader().list_at(apps(), PageOf(), 0));
  for (const auto& status : {watch.status(), page.status(), run(store_->sync())}) {
    EXPECT_THAT(status, Fails(ErrorClass::transport, Not(HasSubstr("changes_of"))));
    EXPECT_EQ(retry_after(status), 5s);
  }
  disk_.down = false;
}

TEST_F(ReaderTest, ExpiresAWatchThatIsOlderThanTheFeed) {
  put("a");
  put("a", "y");
  put("a", "z");
  disk_.trim_feed(2);
  start();
  const auto refused = run(store_->reader().watch(kApps, "", 1)).status();
  EXPECT_TRUE(is_expired(refused));
  EXPECT_THAT(message_of(refused), ::testing::HasSubstr("too old resource version: 1 (3)"));
  EXPECT_THAT(run(store_->reader().watch(kApps, "", 2)), IsOk());
}

TEST_F(ReaderTest, EndsOnlyTheSlowWatcherAndBoundsWhatIsKept) {
  WindowLimits small;
  small.changes_max = 4;
  start(small);
  put("a");
  auto slow = run(store_->reader().watch(kApps, "", 1));
  auto quick = run(store_->reader().watch(kApps, "", 1));
  for (int i = 0; i < 20; ++i) {
    put("a", std::to_string(i));
    EXPECT_EQ(next(**quick).size(), 1U);
  }
  EXPECT_TRUE(is_expired(run((*slow)->next(100)).status()));
}

TEST_F(ReaderTest, CanBeInterruptedWhileNothingHappens) {
  put("a");
  auto watch = run(store_->reader().watch(kApps, "", 1));
  (*watch)->interrupt();
  EXPECT_THAT(next(**watch), ElementsAre());
  start();
  watch = run(store_->reader().watch(kApps, "", 0));
  EXPECT_THAT(next(**watch), ElementsAre("+a@1"));
  (*watch)->interrupt();
  EXPECT_THAT(next(**watch), ElementsAre());
}

TEST_F(ReaderTest, SaysWhenACollectionLastChanged) {
  put("a");
  Json secret;
  secret.member("metadata").set("name", "s");
  secret.member("metadata").set("namespace", "default");
  ASSERT_THAT(run(store_->create("secrets", std::move(secret))), IsOk());
  EXPECT_EQ(store_->reader().changed_at(kApps), 1);
  EXPECT_EQ(store_->reader().changed_at("secrets"), 2);
  start();
  EXPECT_EQ(store_->reader().changed_at(kApps), 2) << "at least as new as what was loaded";
}

}  // namespace
}  // namespace gantry::store
