#include "pkg/store/finalizer.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::store {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::ElementsAre;

const Key kKey{"toys", "default", "bear"};

class Finalizer : public ::testing::Test {
 protected:
  void SetUp() override {
    EXPECT_THAT(run(store.start()), IsOk());
    const Json bear = Json::Object{
        {"metadata", Json::Object{{"name", "bear"}, {"namespace", "default"}}},
        {"spec", Json::Object{{"ofANewerVersion", "kept"}}},
    };
    EXPECT_THAT(run(store.create("toys", bear)), IsOk());
  }
  void TearDown() override { EXPECT_THAT(run(store.stop()), IsOk()); }
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(clock, std::move(operation));
  }
  Status set(const std::string& finalizer, bool wanted, const std::string& seen = "") {
    return run(set_finalizer(store, kKey, finalizer, wanted, seen));
  }
  std::vector<std::string> finalizers() {
    std::vector<std::string> all;
    const auto* found = (*store.get(kKey))->value.find_path({"metadata", "finalizers"});
    if (found == nullptr) return all;
    for (const auto& finalizer : found->as_array()) all.push_back(finalizer.as_string());
    return all;
  }

  async::Loop loop;
  async::SimulatedClock clock{Time{}};
  memory::Disk disk{clock};
  memory::Database database{disk};
  SeededRandom random{1};
  CachedStore store{loop.executor(), database.backend(), clock, random};
};

TEST_F(Finalizer, IsSetOnceAndTakenOffBesideOthers) {
  EXPECT_THAT(set("a/1", true), IsOk());
  EXPECT_THAT(set("b/2", true), IsOk());
  EXPECT_THAT(set("b/2", true), IsOk());
  EXPECT_THAT(finalizers(), ElementsAre("a/1", "b/2"));
  EXPECT_THAT(set("a/1", false), IsOk());
  EXPECT_THAT(finalizers(), ElementsAre("b/2"));
  EXPECT_EQ((*store.get(kKey))->value.find("spec")->string_or("ofANewerVersion", ""), "kept");
}

TEST_F(Finalizer, WhatWasDecidedOnAnOldStateIsAConflict) {
  EXPECT_THAT(set("a/1", true, "1"), IsOk());
  EXPECT_THAT(set("a/1", false, "1"), Fails(ErrorClass::conflict));
  EXPECT_THAT(finalizers(), ElementsAre("a/1"));
}

TEST_F(Finalizer, TheLastOneLetsADeletedObjectGo) {
  EXPECT_THAT(set("a/1", true), IsOk());
  Removal removal;
  EXPECT_THAT(run(store.remove(kKey, removal)), IsOk());
  EXPECT_THAT(set("a/1", false), IsOk());
  EXPECT_THAT(set("a/1", false), Fails(ErrorClass::not_found));
}

}  // namespace
}  // namespace gantry::store
