// The garbage collector over the memory store: two processes on one database.
#include "controllers/gc/reconciler.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/runtime/instruments.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"
#include "pkg/store/object.h"

namespace gantry::controllers::gc {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

class GcTest : public ::testing::Test {
 protected:
  GcTest() {
    reconciler_.connect(controller_);
    EXPECT_TRUE(run(store_.start()).ok());
    EXPECT_TRUE(run(other_.start()).ok());
  }
  ~GcTest() override {
    (void)run(store_.stop());
    (void)run(other_.stop());
  }
  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }
  // By another process: our cache learns of it only when it asks.
  store::ObjectPtr create(const std::string& kind, const std::string& name,
                          const std::string& owners = "", const std::string& finalizers = "") {
    const auto plural = kind == "App" ? "apps.gantry.dev" : "machines.gantry.dev";
    auto made = run(other_.create(
        plural, *schema::parse_json(R"({"apiVersion":"gantry.dev/v1alpha1","kind":")" + kind +
                                    R"(","metadata":{"namespace":"default","name":")" + name +
                                    R"(","finalizers":[)" + finalizers +
                                    R"(],"ownerReferences":[)" + owners + "]}}")));
    EXPECT_THAT(made, IsOk());
    return *made;
  }
  static std::string reference(const std::string& name, const Uid& uid,
                               const std::string& kind = "App") {
    return R"({"apiVersion":"gantry.dev/v1alpha1","kind":")" + kind + R"(","name":")" + name +
           R"(","uid":")" + uid.get() + R"(","blockOwnerDeletion":true})";
  }
  Result<runtime::Outcome> look(const store::ObjectPtr& object) {
    (void)run(store_.sync());
    return run(reconciler_.reconcile({"default", object->key.resource + "/" + object->key.name}));
  }
  bool exists(const store::ObjectPtr& object) {
    EXPECT_THAT(run(other_.sync()), IsOk());
    return other_.get(object->key).ok();
  }
  void remove(const store::ObjectPtr& object,
              store::Dependents dependents = store::Dependents::unsaid) {
    store::Removal removal;
    removal.dependents = dependents;
    EXPECT_THAT(run(other_.remove(object->key, removal)), IsOk());
  }
  Json now(const store::ObjectPtr& object) {
    EXPECT_THAT(run(other_.sync()), IsOk());
    const auto found = other_.get(object->key);
    return found.ok() ? (*found)->value : Json();
  }

  async::Loop loop_;
  async::SimulatedClock clock_{*from_rfc3339("2026-01-01T00:00:00Z")};
  SeededRandom random_{1};
  store::memory::Disk disk_{clock_};
  store::memory::Database database_{disk_}, others_{disk_};
  store::CachedStore store_{loop_.executor(), database_.backend(), clock_, random_};
  store::CachedStore other_{loop_.executor(), others_.backend(), clock_, random_};
  runtime::NoInstruments counters_;
  runtime::EventRecorder events_{store_, clock_, counters_, "test"};
  Reconciler reconciler_{{store_, clock_, events_}};
  runtime::Controller controller_{"gc", reconciler_, {store_, clock_, random_, counters_}};
};

TEST_F(GcTest, DeletesWhatNobodyOwnsAnyMore) {
  const auto app = create("App", "hello");
  const auto machine = create("Machine", "hello-0", reference("hello", app->uid));
  EXPECT_THAT(look(machine), IsOk());
  EXPECT_TRUE(exists(machine));
  remove(app);
  EXPECT_THAT(look(machine), IsOk());
  EXPECT_FALSE(exists(machine));
}

TEST_F(GcTest, AnotherOfTheSameNameIsNoOwner) {
  const auto app = create("App", "hello");
  const auto machine = create("Machine", "hello-0", reference("hello", app->uid));
  remove(app);
  create("App", "hello");
  EXPECT_THAT(look(machine), IsOk());
  EXPECT_FALSE(exists(machine));
}

TEST_F(GcTest, WhatCannotBeToldIsNotAbsent) {
  const auto foreign = create(
      "Machine", "a", R"({"apiVersion":"apps/v1","kind":"Deployment","name":"x","uid":"u"})");
  const auto broken = create("Machine", "b", R"({"apiVersion":7})");
  for (const auto& machine : {foreign, broken}) {
    EXPECT_THAT(look(machine), IsOk());
    EXPECT_TRUE(exists(machine));
  }
}

TEST_F(GcTest, DoesNothingWhileTheDatabaseCannotBeAsked) {
  const auto machine = create("Machine", "hello-0", reference("hello", Uid("gone")));
  EXPECT_THAT(run(store_.sync()), IsOk());
  disk_.down = true;
  EXPECT_FALSE(run(reconciler_.reconcile({"default", "machines.gantry.dev/hello-0"})).ok());
  disk_.down = false;
  clock_.advance(1min);
  EXPECT_TRUE(exists(machine));
}

TEST_F(GcTest, ForegroundWaitsForThoseWhoBlock) {
  const auto app = create("App", "hello");
  const auto machine = create("Machine", "hello-0", reference("hello", app->uid), "\"x/y\"");
  remove(app, store::Dependents::foreground);
  EXPECT_THAT(look(app), IsOk());
  EXPECT_TRUE(exists(app));
  EXPECT_THAT(look(machine), IsOk());
  EXPECT_NE(store::metadata_text(now(machine), "deletionTimestamp"), "");
  EXPECT_THAT(look(app), IsOk());
  EXPECT_TRUE(exists(app)) << "the Machine is still there";
  clock_.advance(1min);
  EXPECT_THAT(look(app), IsOk());
  const auto blocked = schema::to_json(now(app));
  EXPECT_THAT(blocked, HasSubstr("\"type\":\"DeletionBlocked\""));
  EXPECT_THAT(blocked, HasSubstr("machines.gantry.dev default/hello-0"));
  auto released = now(machine);
  released.find("metadata")->set("finalizers", Json::array());
  EXPECT_THAT(run(other_.update(machine->key.resource, store::Part::main, released)), IsOk());
  EXPECT_THAT(look(machine), Fails(ErrorClass::not_found));
  EXPECT_THAT(look(app), IsOk());
  EXPECT_FALSE(exists(app));
}

TEST_F(GcTest, OrphansStayWithoutTheirOwner) {
  const auto app = create("App", "hello");
  const auto machine = create("Machine", "hello-0", reference("hello", app->uid));
  remove(app, store::Dependents::orphan);
  EXPECT_THAT(look(app), IsOk());
  EXPECT_THAT(look(app), IsOk());
  EXPECT_FALSE(exists(app));
  EXPECT_THAT(look(machine), IsOk());
  EXPECT_TRUE(exists(machine));
  EXPECT_EQ(now(machine).find_path({"metadata", "ownerReferences"}), nullptr);
}

TEST_F(GcTest, ChangesConcernTheObjectItsDependentsAndItsOwners) {
  const auto app = create("App", "hello");
  const auto machine = create("Machine", "hello-0", reference("hello", app->uid));
  Index index;
  index.observe({store::ChangeType::added, machine, nullptr});
  EXPECT_EQ(index.dependents_of(app->uid), std::vector<store::Key>{machine->key});
  index.observe({store::ChangeType::deleted, machine, machine});
  EXPECT_TRUE(index.dependents_of(app->uid).empty());
}

}  // namespace
}  // namespace gantry::controllers::gc
