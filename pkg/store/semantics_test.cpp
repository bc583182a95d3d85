#include "pkg/store/semantics.h"

#include "pkg/base/testing.h"
#include "pkg/store/object.h"

namespace gantry::store {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

const Key kHello{"apps.gantry.dev", "default", "hello"};
const Uid kUid("11111111-2222-4333-8444-555555555555");
const Time kNow = from_unix_seconds(1'795'000'000);

Json metadata(Json::Object members = {}) {
  members.emplace("name", "hello");
  members.emplace("namespace", "default");
  return Json(std::move(members));
}

Json hello_app(Json::Object meta = {}, int replicas = 1) {
  return Json(Json::Object{{"apiVersion", "gantry.dev/v1alpha1"},
                           {"kind", "App"},
                           {"metadata", metadata(std::move(meta))},
                           {"spec", Json::Object{{"replicas", replicas}}}});
}

Json with_status(Json object, const char* phase) {
  object.set("status", Json::Object{{"phase", phase}});
  return object;
}

Object stored(Json object, int64_t revision = 7) {
  auto value = prepare_create(kHello, std::move(object), kUid, kNow);
  EXPECT_THAT(value, IsOk());
  return *make_object(kHello, kUid, revision, *value);
}

Object deleting(Json::Array finalizers) {
  auto object = stored(hello_app({{"finalizers", std::move(finalizers)}}));
  auto next = prepare_remove(object, {}, kNow);
  EXPECT_THAT(next, IsOk());
  return *make_object(kHello, kUid, 8, next->value);
}

int64_t generation(const Json& object) {
  return object.find("metadata")->integer_or("generation", 0);
}

Json list_of(std::initializer_list<const char*> names) {
  Json::Array list;
  for (const auto* name : names) list.emplace_back(name);
  return list;
}

TEST(Create, SetsWhatOnlyTheServerMaySet) {
  auto object = hello_app({{"uid", "mine"},
                           {"generation", 9},
                           {"creationTimestamp", "1999"},
                           {"deletionTimestamp", "1999"},
                           {"selfLink", "/x"}});
  const auto made = prepare_create(kHello, with_status(object, "Ready"), kUid, kNow);
  ASSERT_THAT(made, IsOk());
  const auto& meta = *made->find("metadata");
  EXPECT_EQ(meta.string_or("uid", ""), kUid.get());
  EXPECT_EQ(meta.string_or("creationTimestamp", ""), to_rfc3339(kNow));
  EXPECT_EQ(generation(*made), 1);
  EXPECT_EQ(meta.find("deletionTimestamp"), nullptr);
  EXPECT_EQ(meta.find("selfLink"), nullptr);
  EXPECT_EQ(made->find("status")->string_or("phase", ""), "Ready");
}

TEST(Create, RefusesBadMetadataWithItsPath) {
  struct Row {
    const char* name;
    Json::Object metadata;
    Key key;
    const char* message;
  };
  const std::vector<Row> rows{
      {"a name in capitals", {}, {"apps", "default", "Hello"}, "metadata.name: Invalid value"},
      {"no name", {}, {"apps", "default", ""}, "metadata.name: Required value"},
      {"a namespace with dots", {}, {"apps", "a.b", "x"}, "metadata.namespace: Invalid value"},
      {"a resourceVersion",
       {{"resourceVersion", "3"}},
       kHello,
       "metadata.resourceVersion: Forbidden"},
      {"a number as label", {{"labels", Json::Object{{"a", 1}}}}, kHello, "metadata.labels[a]"},
      {"a label with a blank", {{"labels", Json::Object{{"a", "b c"}}}}, kHello, "metadata.labels"},
      {"a label key in two parts too many",
       {{"labels", Json::Object{{"a/b/c", "d"}}}},
       kHello,
       "metadata.labels"},
      {"a long label", {{"labels", Json::Object{{"a", std::string(64, 'x')}}}}, kHello, "63"},
      {"annotations as text", {{"annotations", "x"}}, kHello, "metadata.annotations"},
      {"too many annotations",
       {{"annotations", Json::Object{{"a", std::string(300000, 'x')}}}},
       kHello,
       "262144"},
      {"an empty finalizer", {{"finalizers", list_of({""})}}, kHello, "metadata.finalizers"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(prepare_create(row.key, hello_app(row.metadata), kUid, kNow),
                Fails(ErrorClass::invalid, HasSubstr(row.message)));
  }
}

TEST(Create, LetsRbacNamesBeAnyPathSegment) {
  const Key key{"clusterroles.rbac.authorization.k8s.io", "", "system:Node"};
  EXPECT_THAT(prepare_create(key, hello_app(), kUid, kNow), IsOk());
}

TEST(Update, CountsGenerationsOfTheSpecOnly) {
  struct Row {
    const char* name;
    Part part;
    Json object;
    int64_t generation;
    bool changed;
  };
  const std::vector<Row> rows{
      {"the same again", Part::main, hello_app(), 1, false},
      {"a new spec", Part::main, hello_app({}, 2), 2, true},
      {"a label", Part::main, hello_app({{"labels", Json::Object{{"a", "b"}}}}), 1, true},
      {"a status through main", Part::main, with_status(hello_app(), "Ready"), 1, false},
      {"a status", Part::status, with_status(hello_app(), "Ready"), 1, true},
      {"a spec through status", Part::status, with_status(hello_app({}, 5), "Ready"), 1, true},
      {"a spec and nothing else through status", Part::status, hello_app({}, 5), 1, false},
      {"a label through status", Part::status, hello_app({{"labels", Json::Object{{"a", "b"}}}}), 1,
       false},
      {"both at once", Part::whole, with_status(hello_app({}, 2), "Ready"), 2, true},
      {"a status through whole", Part::whole, with_status(hello_app(), "Ready"), 1, true},
      {"empty lists and maps", Part::main,
       hello_app({{"finalizers", Json::array()}, {"labels", Json::object()}}), 1, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto next = prepare_update(stored(hello_app()), row.part, row.object);
    ASSERT_THAT(next, IsOk());
    EXPECT_EQ(generation(next->value), row.generation);
    EXPECT_EQ(next->changed, row.changed);
    EXPECT_FALSE(next->erased);
  }
}

TEST(Update, KeepsTheStatusThroughMainAndTheSpecThroughStatus) {
  const auto current = stored(with_status(hello_app({}, 3), "Ready"));
  const auto main = prepare_update(current, Part::main, with_status(hello_app({}, 4), "Broken"));
  ASSERT_THAT(main, IsOk());
  EXPECT_EQ(main->value.find("status")->string_or("phase", ""), "Ready");
  const auto status =
      prepare_update(current, Part::status, with_status(hello_app({}, 4), "Broken"));
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->value.find("status")->string_or("phase", ""), "Broken");
  EXPECT_EQ(status->value.find("spec")->integer_or("replicas", 0), 3);
}

TEST(Update, CannotChangeIdentity) {
  const auto current = stored(hello_app());
  auto object = hello_app({{"creationTimestamp", "1999-01-01T00:00:00Z"},
                           {"generation", 99},
                           {"deletionTimestamp", "1999-01-01T00:00:00Z"}});
  const auto next = prepare_update(current, Part::whole, object);
  ASSERT_THAT(next, IsOk());
  EXPECT_FALSE(next->changed);
  EXPECT_EQ(next->value, current.value);
}

TEST(Update, ChecksWhatTheWriterHasRead) {
  const auto current = stored(hello_app(), 7);
  EXPECT_THAT(prepare_update(current, Part::main, hello_app({{"resourceVersion", "7"}}, 2)),
              IsOk());
  EXPECT_THAT(
      prepare_update(current, Part::main, hello_app({{"resourceVersion", "6"}}, 2)),
      Fails(ErrorClass::conflict,
            "Operation cannot be fulfilled on apps.gantry.dev \"hello\": the object has "
            "been modified; please apply your changes to the latest version and try again"));
  EXPECT_THAT(prepare_update(current, Part::status, hello_app({{"resourceVersion", "6"}})),
              Fails(ErrorClass::conflict));
  EXPECT_THAT(prepare_update(current, Part::main, hello_app({{"resourceVersion", "x"}})),
              Fails(ErrorClass::invalid, HasSubstr("metadata.resourceVersion")));
  EXPECT_THAT(prepare_update(current, Part::main, hello_app({{"uid", "other"}})),
              Fails(ErrorClass::conflict, HasSubstr("the UID in the precondition (other)")));
}

TEST(Remove, ErasesWithoutFinalizersAndMarksWithThem) {
  const auto plain = prepare_remove(stored(hello_app()), {}, kNow);
  ASSERT_THAT(plain, IsOk());
  EXPECT_TRUE(plain->erased);

  const auto held = stored(hello_app({{"finalizers", list_of({"gantry.dev/guest"})}}));
  const auto marked = prepare_remove(held, {}, kNow);
  ASSERT_THAT(marked, IsOk());
  EXPECT_FALSE(marked->erased);
  EXPECT_EQ(metadata_text(marked->value, "deletionTimestamp"), to_rfc3339(kNow));
  EXPECT_EQ(generation(marked->value), 2);

  const auto again = prepare_remove(*make_object(kHello, kUid, 8, marked->value), {}, kNow);
  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->changed);
}

TEST(Remove, LeavesWordForTheGarbageCollector) {
  Removal foreground;
  foreground.dependents = Dependents::foreground;
  const auto waiting = prepare_remove(stored(hello_app()), foreground, kNow);
  ASSERT_THAT(waiting, IsOk());
  EXPECT_FALSE(waiting->erased);
  EXPECT_EQ(finalizers_of(waiting->value), std::vector<std::string>{"foregroundDeletion"});
  EXPECT_NE(metadata_text(waiting->value, "deletionTimestamp"), "");
  // Thought better of it: the dependents go by themselves, and the object now.
  Removal background;
  background.dependents = Dependents::background;
  const auto current = *make_object(kHello, kUid, 8, waiting->value);
  EXPECT_TRUE(prepare_remove(current, background, kNow)->erased);
  // Nothing said: what was said before holds.
  EXPECT_FALSE(prepare_remove(current, {}, kNow)->changed);
}

TEST(Update, KeepsManagedFieldsOfThoseWhoDoNotSpeakOfThem) {
  auto value = hello_app();
  value.member("metadata").member("managedFields").push_back(Json("mine"));
  const auto current = stored(value);
  auto silent = hello_app();
  const auto kept = prepare_update(current, Part::main, silent);
  ASSERT_THAT(kept, IsOk());
  EXPECT_FALSE(kept->changed);
  silent.member("metadata").set("managedFields", Json::array());
  const auto emptied = prepare_update(current, Part::status, silent);
  ASSERT_THAT(emptied, IsOk());
  EXPECT_EQ(emptied->value.find_path({"metadata", "managedFields"}), nullptr);
}

TEST(Remove, ChecksItsPreconditions) {
  const auto current = stored(hello_app(), 7);
  EXPECT_THAT(prepare_remove(current, Precondition{kUid, 7}, kNow), IsOk());
  EXPECT_THAT(prepare_remove(current, Precondition{Uid("other"), {}}, kNow),
              Fails(ErrorClass::conflict, HasSubstr("the UID in the precondition (other)")));
  EXPECT_THAT(
      prepare_remove(current, Precondition{{}, 6}, kNow),
      Fails(ErrorClass::conflict, HasSubstr("the ResourceVersion in the precondition (6)")));
}

TEST(Finalizers, TheLastOneTakesTheObjectWithIt) {
  const auto current = deleting({"gantry.dev/a", "gantry.dev/b"});
  const auto one =
      prepare_update(current, Part::main, hello_app({{"finalizers", list_of({"gantry.dev/b"})}}));
  ASSERT_THAT(one, IsOk());
  EXPECT_FALSE(one->erased);
  const auto none = prepare_update(current, Part::main, hello_app());
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->erased);
  const auto status = prepare_update(current, Part::status, with_status(hello_app(), "Gone"));
  ASSERT_THAT(status, IsOk());
  EXPECT_FALSE(status->erased);
}

TEST(Finalizers, MayNotBeAddedDuringDeletion) {
  const auto current = deleting({"gantry.dev/a"});
  const auto more = hello_app({{"finalizers", list_of({"gantry.dev/a", "gantry.dev/b"})}});
  EXPECT_THAT(prepare_update(current, Part::main, more),
              Fails(ErrorClass::invalid, HasSubstr("no new finalizers can be added")));
}

TEST(GeneratedName, FitsIntoALabel) {
  SeededRandom random(1);
  const auto name = generated_name(std::string(80, 'a'), random);
  EXPECT_EQ(name.size(), 63U);
  EXPECT_EQ(generated_name("web-", random).size(), 9U);
}

}  // namespace
}  // namespace gantry::store
