#include "pkg/metrics/prometheus/registry.h"

#include <thread>

#include <gmock/gmock.h>

namespace gantry::metrics::prometheus {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Registry, ShowsAFamilyWithoutLabelsAtZeroFromTheStart) {
  Registry registry;
  (void)registry.counter("gantry_starts_total", "Starts.");
  (void)registry.histogram("gantry_wait_seconds", "Waits.", {}, {0.1, 1});
  EXPECT_THAT(registry.render(), AllOf(HasSubstr("# HELP gantry_starts_total Starts.\n"
                                                 "# TYPE gantry_starts_total counter\n"
                                                 "gantry_starts_total 0\n"),
                                       HasSubstr("gantry_wait_seconds_bucket{le=\"0.1\"} 0\n"),
                                       HasSubstr("gantry_wait_seconds_count 0\n")));
}

TEST(Registry, ShowsAFamilyWithLabelsBeforeItHasASeries) {
  Registry registry;
  const auto requests = registry.counter("gantry_requests_total", "Requests.\nAll.", {"code"});
  EXPECT_THAT(registry.render(), HasSubstr("# HELP gantry_requests_total Requests.\\nAll.\n"
                                           "# TYPE gantry_requests_total counter\n"));
  requests.show({"200"});
  EXPECT_THAT(registry.render(), HasSubstr("gantry_requests_total{code=\"200\"} 0\n"));
}

TEST(Registry, CountsSetsAndObserves) {
  Registry registry;
  const auto requests = registry.counter("gantry_requests_total", "Requests.", {"verb", "code"});
  const auto depth = registry.gauge("gantry_queue_depth", "Waiting.", {"queue"});
  const auto seconds = registry.histogram("gantry_seconds", "Time.", {"verb"}, {0.1, 1});
  requests.increment({"get", "200"});
  requests.increment({"get", "200"}, 2);
  requests.increment({"get", "500"});
  depth.set(7, {"app"});
  depth.add(-2, {"app"});
  seconds.observe(0.5, {"get"});
  seconds.observe(5, {"get"});
  EXPECT_EQ(registry.value("gantry_requests_total", {"get", "200"}), 3);
  EXPECT_EQ(registry.value("gantry_requests_total", {"get", "500"}), 1);
  EXPECT_EQ(registry.value("gantry_requests_total", {"put", "500"}), std::nullopt);
  EXPECT_EQ(registry.value("gantry_queue_depth", {"app"}), 5);
  EXPECT_EQ(registry.value("gantry_seconds", {"get"}), 2);
  EXPECT_EQ(registry.value("gantry_nothing"), std::nullopt);
  EXPECT_THAT(registry.render(),
              AllOf(HasSubstr("gantry_requests_total{code=\"200\",verb=\"get\"} 3\n"),
                    HasSubstr("gantry_seconds_bucket{verb=\"get\",le=\"1\"} 1\n"),
                    HasSubstr("gantry_seconds_sum{verb=\"get\"} 5.5\n")));
}

TEST(Registry, ForgetsASeries) {
  Registry registry;
  const auto age = registry.gauge("gantry_age_seconds", "Age.", {"cluster"});
  age.set(1, {"home"});
  age.remove({"home"});
  age.remove({"never"});
  EXPECT_THAT(registry.render(), Not(HasSubstr("home")));
  age.set(2, {"home"});
  EXPECT_EQ(registry.value("gantry_age_seconds", {"home"}), 2);
}

TEST(Registry, EscapesLabelValues) {
  Registry registry;
  registry.counter("gantry_odd_total", "Odd.", {"name"}).increment({"a\"b\\c\nd"});
  EXPECT_THAT(registry.render(), HasSubstr("{name=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Registry, GivesTheSameFamilyAgain) {
  Registry registry;
  registry.counter("gantry_x_total", "X.", {"a"}).increment({"1"});
  registry.counter("gantry_x_total", "X.", {"a"}).increment({"1"});
  EXPECT_EQ(registry.value("gantry_x_total", {"1"}), 2);
}

TEST(Registry, BoundsTheNumberOfSeries) {
  Registry registry(2);
  const auto users = registry.counter("gantry_users_total", "Users.", {"user"});
  for (const auto* name : {"a", "b", "c", "d", "a"}) users.increment({name});
  EXPECT_EQ(registry.value("gantry_users_total", {"a"}), 2);
  EXPECT_EQ(registry.value("gantry_users_total", {"c"}), std::nullopt);
  EXPECT_EQ(registry.value("gantry_metrics_dropped_total", {"gantry_users_total"}), 2);
}

TEST(Registry, ListsItsFamiliesForTheDocs) {
  Registry registry;
  (void)registry.gauge("gantry_b", "Second.", {"x", "y"});
  (void)registry.counter("gantry_a_total", "First.");
  EXPECT_EQ(render_markdown(registry.catalogue()),
            "| name | type | labels | says |\n|---|---|---|---|\n"
            "| `gantry_a_total` | counter |  | First. |\n"
            "| `gantry_b` | gauge | x, y | Second. |\n"
            "| `gantry_metrics_dropped_total` | counter | family | Values not recorded because "
            "their family had too many series. |\n");
}

TEST(Registry, MayBeUsedFromManyThreads) {
  Registry registry;
  const auto counter = registry.counter("gantry_many_total", "Many.", {"thread"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 1000; ++n) {
        counter.increment({std::to_string(n % 3)});
        if (n % 100 == i) (void)registry.render();
        (void)registry.gauge("gantry_many", "Many.");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry.value("gantry_many_total", {"0"}), 4 * 334);
}

TEST(RegistryDeathTest, EndsTheProcessOnWrongDeclarations) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Registry registry;
  EXPECT_DEATH((void)registry.counter("requests_total", "R."), "broken invariant");
  EXPECT_DEATH((void)registry.counter("gantry_requests", "R."), "broken invariant");
  EXPECT_DEATH((void)registry.gauge("gantry_Requests", "R."), "broken invariant");
  EXPECT_DEATH((void)registry.gauge("gantry_x", "X.", {"le"}), "broken invariant");
  const auto gauge = registry.gauge("gantry_y", "Y.", {"a"});
  EXPECT_DEATH(gauge.set(1, {"1", "2"}), "broken invariant");
  EXPECT_DEATH((void)registry.gauge("gantry_y", "Y.", {"b"}), "broken invariant");
}

}  // namespace
}  // namespace gantry::metrics::prometheus
