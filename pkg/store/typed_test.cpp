#include "pkg/store/typed.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::store {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

struct Meta {
  std::string name;
  std::string ns;
  std::string resource_version;
};
struct Spec {
  int64_t size = 0;
};
struct State {
  std::string phase;
};
struct Toy {
  Meta metadata;
  Spec spec;
  State status;
};

schema::TypeInfo describe(schema::Type<Meta>) {
  using schema::field;
  return schema::object<Meta>("Meta", "Metadata.",
                              {
                                  field<&Meta::name>("name", "Name."),
                                  field<&Meta::ns>("namespace", "Namespace."),
                                  field<&Meta::resource_version>("resourceVersion", "Revision."),
                              });
}
schema::TypeInfo describe(schema::Type<Spec>) {
  return schema::object<Spec>("Spec", "Spec.", {schema::field<&Spec::size>("size", "Size.")});
}
schema::TypeInfo describe(schema::Type<State>) {
  return schema::object<State>("State", "Status.",
                               {schema::field<&State::phase>("phase", "Phase.")});
}
schema::TypeInfo describe(schema::Type<Toy>) {
  using schema::field;
  return schema::object<Toy>("Toy", "A toy.",
                             {
                                 field<&Toy::metadata>("metadata", "Metadata."),
                                 field<&Toy::spec>("spec", "Spec."),
                                 field<&Toy::status>("status", "Status."),
                             });
}

const Key kBear{"toys", "default", "bear"};

struct TypedWorld {
  async::Loop loop;
  async::SimulatedClock clock{Time{}};
  memory::Disk disk{clock};
  memory::Database database{disk};
  SeededRandom random{1};
  CachedStore store{loop.executor(), database.backend(), clock, random};

  TypedWorld() { EXPECT_THAT(run(store.start()), IsOk()); }
  ~TypedWorld() { EXPECT_THAT(run(store.stop()), IsOk()); }
  template <class T>
  T run(Async<T> operation) {
    return loop.block_on(clock, std::move(operation));
  }
  void create(Json spec) {
    Json object =
        Json::Object{{"metadata", Json::Object{{"name", "bear"}, {"namespace", "default"}}},
                     {"spec", std::move(spec)}};
    EXPECT_THAT(run(store.create("toys", std::move(object))), IsOk());
  }
};

TEST(Typed, AStatusUpdateKeepsWhatTheTypeDoesNotKnow) {
  TypedWorld world;
  world.create(Json::Object{{"size", 3}, {"ofANewerVersion", "kept"}});
  auto toy = get<Toy>(world.store, kBear);
  ASSERT_THAT(toy, IsOk());
  EXPECT_EQ(toy->spec.size, 3);
  toy->spec.size = 99;
  toy->status.phase = "Ready";
  EXPECT_THAT(world.run(update_status(world.store, "toys", *toy)), IsOk());
  const auto stored = world.store.get(kBear);
  ASSERT_THAT(stored, IsOk());
  const auto& value = (*stored)->value;
  EXPECT_EQ(value.find("spec")->string_or("ofANewerVersion", ""), "kept");
  EXPECT_EQ(value.find("spec")->integer_or("size", 0), 3);
  EXPECT_EQ(value.find("status")->string_or("phase", ""), "Ready");
}

TEST(Typed, AStatusOfAnOldStateIsAConflict) {
  TypedWorld world;
  world.create(Json::Object{{"size", 3}});
  auto toy = get<Toy>(world.store, kBear);
  ASSERT_THAT(toy, IsOk());
  toy->status.phase = "Ready";
  EXPECT_THAT(world.run(update_status(world.store, "toys", *toy)), IsOk());
  toy->status.phase = "Late";
  EXPECT_THAT(world.run(update_status(world.store, "toys", *toy)), Fails(ErrorClass::conflict));
}

TEST(Typed, AnEmptyStatusIsNoStatus) {
  TypedWorld world;
  world.create(Json::Object{{"size", 3}});
  const auto toy = get<Toy>(world.store, kBear);
  ASSERT_THAT(toy, IsOk());
  EXPECT_THAT(world.run(update_status(world.store, "toys", *toy)), IsOk());
  EXPECT_EQ(world.store.revision(), 1);
}

TEST(Typed, WhatIsOfNoConcernIsNotDecoded) {
  TypedWorld world;
  world.create(Json::Object{{"size", 3}});
  Json broken = Json::Object{{"metadata", Json::Object{{"name", "wolf"}, {"namespace", "default"}}},
                             {"spec", Json::Object{{"size", "large"}}}};
  EXPECT_THAT(world.run(world.store.create("toys", broken)), IsOk());
  const auto bears = list_where<Toy>(world.store, "toys", "", [](const Record& record) {
    return record.text.find("bear") != std::string::npos;
  });
  ASSERT_THAT(bears, IsOk());
  ASSERT_EQ(bears->size(), 1U);
  EXPECT_EQ(bears->front().spec.size, 3);
  EXPECT_THAT(list_where<Toy>(world.store, "toys", "", [](const Record&) { return true; }),
              Fails(ErrorClass::schema, ::testing::HasSubstr("toys default/wolf")));
}

TEST(Typed, AnObjectOfAnotherShapeFailsTheList) {
  TypedWorld world;
  world.create(Json::Object{{"size", 3}});
  const auto toys = list<Toy>(world.store, "toys", "");
  ASSERT_THAT(toys, IsOk());
  EXPECT_EQ(toys->size(), 1U);
  Json broken = Json::Object{{"metadata", Json::Object{{"name", "wolf"}, {"namespace", "default"}}},
                             {"spec", Json::Object{{"size", "large"}}}};
  EXPECT_THAT(world.run(world.store.create("toys", broken)), IsOk());
  EXPECT_THAT(list<Toy>(world.store, "toys", ""),
              Fails(ErrorClass::schema, ::testing::HasSubstr("toys default/wolf")));
  EXPECT_THAT(get<Toy>(world.store, Key{"toys", "default", "ghost"}), Fails(ErrorClass::not_found));
}

}  // namespace
}  // namespace gantry::store
