#include "pkg/store/record.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::store {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

Result<RecordPtr> record_of(std::string text, const char* resource = "machines.gantry.dev") {
  FeedEntry entry;
  entry.revision = 42;
  entry.key = Key{resource, "default", "m"};
  entry.text = std::move(text);
  return make_record(std::move(entry));
}

TEST(Record, PutsTheVersionWhereSortedKeysHaveIt) {
  struct Row {
    const char* stored;
    const char* text;
  };
  for (const auto& [stored, text] :
       {Row{R"({"metadata":{"name":"m","uid":"u"},"spec":{}})",
            R"({"metadata":{"name":"m","resourceVersion":"42","uid":"u"},"spec":{}})"},
        Row{R"({"metadata":{"name":"m"}})", R"({"metadata":{"name":"m","resourceVersion":"42"}})"},
        Row{R"({"metadata":{}})", R"({"metadata":{"resourceVersion":"42"}})"},
        Row{R"({})", R"({"metadata":{"resourceVersion":"42"}})"},
        // Not ours: with spaces, not sorted, with a version of its own, with halves of characters.
        Row{R"({ "metadata" : {"uid":"u","name":"m"}})",
            R"({"metadata":{"name":"m","resourceVersion":"42","uid":"u"}})"},
        Row{R"({"metadata":{"resourceVersion":"7"}})", R"({"metadata":{"resourceVersion":"42"}})"},
        Row{R"({"metadata":{"name":"\u00fc"}})",
            R"({"metadata":{"name":"ü","resourceVersion":"42"}})"}}) {
    const auto record = record_of(stored);
    ASSERT_THAT(record, IsOk()) << stored;
    EXPECT_EQ((*record)->text, text);
    EXPECT_EQ(schema::to_json(decode(*record)->value), text);
  }
}

TEST(Record, RefusesWhatIsNoObject) {
  for (const auto* text : {"", "[]", "null", "{", R"({"a":1,"a":2})", R"({"a":"\ud800"})", "{}x"})
    EXPECT_THAT(record_of(text), Fails(ErrorClass::schema)) << text;
}

TEST(Record, KnowsWhatSelectorsAndListsNeed) {
  const auto record = record_of(
      R"({"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"web","e":""},)"
      R"("managedFields":[{"manager":"a"}],"name":"m"},)"
      R"("spec":{"a":[1,{"machineClassName":"no"}],"machineClassName":"sm\"all"},)"
      R"("status":{"node":"pve1"}})");
  ASSERT_THAT(record, IsOk());
  const auto& r = **record;
  EXPECT_EQ(r.creation_time, "2026-01-01T00:00:00Z");
  EXPECT_EQ(r.label("app"), "web");
  EXPECT_NE(r.label("e").data(), nullptr);
  EXPECT_EQ(r.label("gone").data(), nullptr);
  EXPECT_THAT(r.fields, ::testing::ElementsAre("pve1", R"(sm\"all)"));
  EXPECT_EQ(r.field("status.node"), "pve1");
  EXPECT_EQ(r.field("status.phase"), "");
  auto metadata = std::string(r.metadata.in(r.text));
  EXPECT_EQ(metadata.front(), '{');
  EXPECT_EQ(metadata.back(), '}');
  EXPECT_EQ(r.managed_fields.in(r.text), R"("managedFields":[{"manager":"a"}],)");
  const auto last = record_of(R"({"metadata":{"labels":{},"managedFields":[]}})", "secrets");
  ASSERT_THAT(last, IsOk());
  EXPECT_EQ((*last)->managed_fields.in((*last)->text), R"("managedFields":[],)")
      << "the version follows it";
}

TEST(Record, IsDecodedOnceForAllWhoLook) {
  const auto record = *record_of(R"({"metadata":{"name":"m"}})");
  const auto one = decode(record);
  EXPECT_EQ(decode(record), one);
  EXPECT_EQ(one->record, record);
  EXPECT_EQ(one->revision, 42);
}

}  // namespace
}  // namespace gantry::store
