#include "controllers/app/machines.h"

#include "controllers/app/reconciler.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::controllers::app {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;

class MachinesOfAnApp : public ::testing::Test {
 protected:
  MachinesOfAnApp() { EXPECT_THAT(run(store_.start()), IsOk()); }
  ~MachinesOfAnApp() override { (void)run(store_.stop()); }

  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }
  void create(const std::string& name, const std::string& owner, const std::string& spec = "{}",
              const std::string& ns = "home") {
    const auto owners =
        owner.empty() ? ""
                      : R"({"apiVersion":"v1","kind":"App","name":"a","uid":")" + owner + "\"}";
    const auto text =
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine","metadata":{"name":")" + name +
        R"(","namespace":")" + ns + R"(","ownerReferences":[)" + owners + R"(]},"spec":)" + spec +
        "}";
    EXPECT_THAT(run(store_.create(kMachines, *schema::parse_json(text))), IsOk());
  }
  Result<std::vector<std::string>> names() {
    api::v1alpha1::App app;
    app.metadata.name = "wiki";
    app.metadata.ns = "home";
    app.metadata.uid = Uid("5e1f");
    GANTRY_TRY_ASSIGN(const auto machines, machines_of(app, store_));
    std::vector<std::string> names;
    for (const auto& machine : machines) names.push_back(machine.metadata.name);
    return names;
  }

  async::Loop loop_;
  async::SimulatedClock clock_{from_unix_seconds(1'800'000'000)};
  SeededRandom random_{1};
  store::memory::Disk disk_{clock_};
  store::memory::Database database_{disk_};
  store::CachedStore store_{loop_.executor(), database_.backend(), clock_, random_};
};

TEST_F(MachinesOfAnApp, AreItsOwnAndThoseWithANameThatItWants) {
  create("wiki-0", "5e1f");
  create("wiki-1", "");        // a person's: the App must hear of it
  create("old-name", "5e1f");  // ours by its owner alone
  create("shop-0", "77aa");    // of another App
  create("wiki-2", "5e1f", "{}", "work");
  const auto found = names();
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(*found, ElementsAre("old-name", "wiki-0", "wiki-1"));
}

TEST_F(MachinesOfAnApp, AreReadThoughAnotherOneIsBroken) {
  create("wiki-0", "5e1f");
  create("shop-0", "77aa", R"({"networks":"none"})");
  const auto found = names();
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(*found, ElementsAre("wiki-0"));
  create("wiki-1", "", R"({"networks":"none"})");
  EXPECT_THAT(names(), Fails(ErrorClass::schema));
}

}  // namespace
}  // namespace gantry::controllers::app
