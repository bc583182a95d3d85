#include "controllers/app/dependencies.h"

#include <map>

#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

struct Namespace {
  std::map<std::string, App> apps;

  App& add(const std::string& name, const std::vector<std::string>& needs,
           api::meta::ConditionStatus available = api::meta::ConditionStatus::yes) {
    App& app = apps[name];
    app.metadata.name = name;
    for (const auto& each : needs) app.spec.depends_on.push_back({{}, each});
    api::meta::Condition condition;
    condition.type = "Available";
    condition.status = available;
    condition.message = "0 of 1 replicas are ready";
    app.status.conditions.push_back(condition);
    return app;
  }
  Status check(const std::string& name) const {
    return check_dependencies(apps.at(name), [this](const std::string& other) -> Result<App> {
      const auto found = apps.find(other);
      if (found == apps.end()) return make_error(ErrorClass::not_found, "no such App");
      return found->second;
    });
  }
};

TEST(Dependencies, AreThereAndAnswer) {
  Namespace home;
  home.add("web", {"db", "cache"});
  home.add("db", {});
  EXPECT_THAT(home.check("db"), IsOk());
  EXPECT_THAT(home.check("web"), Fails(ErrorClass::locked));
  home.add("cache", {}, api::meta::ConditionStatus::unknown);
  EXPECT_EQ(message_of(home.check("web")), "waits for app/cache: 0 of 1 replicas are ready");
  EXPECT_EQ(catalogue_code(home.check("web")), "WKL-007");
  home.apps["cache"].status.conditions.front().status = api::meta::ConditionStatus::yes;
  EXPECT_THAT(home.check("web"), IsOk());
  home.apps["cache"].status.conditions.clear();
  EXPECT_EQ(message_of(home.check("web")), "waits for app/cache: it is new");
}

TEST(Dependencies, InACircleNeedAPerson) {
  Namespace home;
  home.add("a", {"d", "b"});
  home.add("b", {"c"});
  home.add("c", {"a"});
  home.add("d", {});
  EXPECT_THAT(home.check("a"), Fails(ErrorClass::invalid));
  EXPECT_THAT(message_of(home.check("a")), HasSubstr("a → b → c → a"));
  // One that leads into a circle waits; those in it say what is wrong.
  home.add("e", {"a"});
  EXPECT_THAT(home.check("e"), IsOk());
}

}  // namespace
}  // namespace gantry::controllers::app
