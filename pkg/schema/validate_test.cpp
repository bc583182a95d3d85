#include "pkg/schema/validate.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"
#include "pkg/schema/toy_test.h"

namespace gantry::schema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TypeInfo& toy_type() {
  return *type_of<toy::Toy>();
}

Json json(std::string_view text) {
  const auto documents = parse_yaml(text);
  EXPECT_TRUE(documents.ok()) << documents.status();
  return documents->front().value;
}

std::vector<std::string> lines(const Problems& problems) {
  std::vector<std::string> result;
  for (const auto& problem : problems) result.push_back(to_string(problem));
  return result;
}

TEST(Validate, FindsProblemsOfJson) {
  EXPECT_THAT(validate(toy_type(), json("{title: t}")), IsEmpty());
  EXPECT_THAT(lines(validate(toy_type(), json("{title: t, count: -1}"))),
              ElementsAre("count: must be between 0 and 100, not -1"));
}

TEST(FillDefaults, FillsWhatIsMissingAndHasADefault) {
  Json toy = json("{title: t, ports: [{name: http, port: 80}], extra: {}}");
  fill_defaults(toy_type(), toy);
  EXPECT_EQ(to_json(toy),
            R"({"colour":"Red","count":1,"extra":{"high":10},"limits":{"high":10},"memory":"1Gi",)"
            R"("ports":[{"name":"http","port":80}],"title":"t","waitSeconds":30})");
}

TEST(FillDefaults, ChangesNothingThatWasGiven) {
  const std::string text =
      R"({"colour":"Blue","count":0,"limits":{"high":0},"memory":"5","title":7,"waitSeconds":1})";
  Json toy = json(text);
  fill_defaults(toy_type(), toy);
  EXPECT_EQ(to_json(toy), text);
}

TEST(FillDefaults, TakesNullForMissing) {
  Json toy = json("{title: t, count: null, limits: null}");
  fill_defaults(toy_type(), toy);
  EXPECT_EQ(*toy.find("count"), Json(1));
  EXPECT_EQ(*toy.find_path({"limits", "high"}), Json(10));
}

TEST(CheckImmutable, FindsWhatMayNotChange) {
  const Json before = json("{title: a, count: 1, extra: {high: 1}}");
  EXPECT_THAT(check_immutable(toy_type(), before, before), IsEmpty());
  EXPECT_THAT(check_immutable(toy_type(), before, json("{title: a, count: 2, extra: {high: 1}}")),
              IsEmpty());
  EXPECT_THAT(lines(check_immutable(toy_type(), before, json("{title: b, extra: {high: 2}}"))),
              ElementsAre("title: must stay \"a\": it cannot be changed",
                          "extra: must stay {\"high\":1}: it cannot be changed"));
  EXPECT_THAT(lines(check_immutable(toy_type(), json("{title: a}"), before)),
              ElementsAre(HasSubstr("extra: must stay absent")));
}

TEST(Redact, HidesSecretsAndTheirCopies) {
  Json toy = json(R"({title: t, passwords: {a: aHVudGVyMg==}, metadata: {annotations:
    {kubectl.kubernetes.io/last-applied-configuration: '{"passwords":{"a":"aHVudGVyMg=="}}'}}})");
  redact(toy_type(), toy);
  EXPECT_THAT(to_json(toy), ::testing::Not(HasSubstr("aHVudGVyMg")));
  EXPECT_EQ(*toy.find_path({"passwords", "a"}), Json("<redacted>"));
  EXPECT_EQ(*toy.find("title"), Json("t"));
}

}  // namespace
}  // namespace gantry::schema
