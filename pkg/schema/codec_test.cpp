#include "pkg/schema/codec.h"

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"
#include "pkg/schema/toy_test.h"

namespace gantry::schema {
namespace {

using gantry::testing::Fails;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using toy::Toy;

Json json(std::string_view text) {
  const auto documents = parse_yaml(text);
  EXPECT_TRUE(documents.ok()) << documents.status();
  return documents->front().value;
}

std::vector<std::string> problems_of(std::string_view text) {
  Problems problems;
  const auto toy = decode<Toy>(json(text), problems);
  std::vector<std::string> lines;
  for (const auto& problem : problems) {
    lines.push_back(std::string(to_string(problem.reason)) + " " + to_string(problem));
  }
  EXPECT_EQ(toy.ok(), lines.empty());
  return lines;
}

TEST(Decode, ReadsEveryKindOfField) {
  const auto toy = decode<Toy>(json(R"({
    title: duck, count: 3, quick: true, colour: LightGreen, memory: 512Mi, waitSeconds: 5,
    since: "2026-11-21T05:29:02Z", share: 0.5, ports: [{name: http, port: 80}], tags: [a, b],
    labels: {x/y: z}, limits: {low: 2}, extra: {}, choice: {left: 192.0.2.1}, uid: u-1,
    anything: [1, {a: b}]})"));
  ASSERT_TRUE(toy.ok()) << toy.status();
  EXPECT_EQ(toy->title, "duck");
  EXPECT_EQ(toy->count, 3);
  EXPECT_TRUE(toy->quick);
  EXPECT_EQ(toy->colour, toy::Colour::light_green);
  EXPECT_EQ(toy->memory.bytes(), 512 << 20);
  EXPECT_EQ(toy->memory.text(), "512Mi");
  EXPECT_EQ(toy->wait, std::chrono::seconds(5));
  EXPECT_EQ(to_rfc3339(*toy->since), "2026-11-21T05:29:02Z");
  EXPECT_EQ(toy->share, 0.5);
  EXPECT_EQ(toy->ports.at(0).port, 80);
  EXPECT_THAT(toy->tags, ElementsAre("a", "b"));
  EXPECT_EQ(toy->labels.at("x/y"), "z");
  EXPECT_EQ(toy->limits.low, 2);
  EXPECT_EQ(toy->limits.high, 10);
  ASSERT_TRUE(toy->extra.has_value());
  EXPECT_EQ(toy->extra->high, 10);
  EXPECT_EQ(toy->uid, Uid("u-1"));
  EXPECT_EQ(toy->anything.size(), 2u);
}

TEST(Decode, TakesInitialisersForWhatIsMissingOrNull) {
  const auto toy = decode<Toy>(json("{title: duck, count: null, extra: null}"));
  ASSERT_TRUE(toy.ok()) << toy.status();
  EXPECT_EQ(toy->count, 1);
  EXPECT_EQ(toy->memory.text(), "1Gi");
  EXPECT_FALSE(toy->extra.has_value());
}

TEST(Decode, ReportsEverythingAtOnceWithPaths) {
  EXPECT_THAT(
      problems_of("{count: 300, colour: Blue, ports: [{name: Http, port: 80}, {port: 70000}], "
                  "collor: 1}"),
      ElementsAre("FieldValueRequired title: must be given: What it is called.",
                  "FieldValueInvalid count: must be between 0 and 100, not 300",
                  "FieldValueNotSupported colour: must be one of Red, LightGreen, not \"Blue\"",
                  "FieldValueInvalid ports[0].name: must be at most 15 lower-case letters, digits "
                  "or \"-\", with at least one letter, not \"Http\"",
                  "FieldValueRequired ports[1].name: must be given: Its name.",
                  "FieldValueInvalid ports[1].port: must be between 1 and 65535, not 70000",
                  "FieldValueUnknown collor: is not a field of Toy; did you mean colour?"));
}

struct Wrong {
  const char* name;
  const char* text;  // beside the title
  const char* problem;
};
class WrongField : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongField, IsReportedWithWhatWouldBeRight) {
  const auto problems = problems_of(std::string("{title: t, ") + GetParam().text + "}");
  EXPECT_THAT(problems, ElementsAre(HasSubstr(GetParam().problem)));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongField,
    ::testing::Values(
        Wrong{"QuotedInteger", "count: '3'", "count: must be an integer: 3 without quotes"},
        Wrong{"Fraction", "count: 1.5", "count: must be a whole number, not 1.5"},
        Wrong{"IntegerTooLarge", "count: 3000000000", "count: must be between -2147483648 and"},
        Wrong{"QuotedBoolean", "quick: 'true'", "quick: must be a boolean: true without quotes"},
        Wrong{"NoBoolean", "quick: 1", "quick: must be true or false, not integer"},
        Wrong{"NumberForText", "uid: 12", "uid: must be a string: put the integer into quotes"},
        Wrong{"BadQuantity", "memory: 12Q", "memory: must be a quantity: a number and one of Ki"},
        Wrong{"NegativeQuantity", "memory: -1Gi", "memory: must be a quantity"},
        Wrong{"SmallQuantity", "memory: 1Ki", "memory: must be between 16Mi and 8Gi, not 1Ki"},
        Wrong{"LongWait", "waitSeconds: 61", "waitSeconds: must be between 1 and 60, not 61"},
        Wrong{"NegativeWait", "waitSeconds: -1", "waitSeconds: must be between 0 and"},
        Wrong{"LargeShare", "share: 1.5", "share: must be between 0 and 1, not 1.5"},
        Wrong{"NoTime", "since: yesterday", "since: must be a time as in RFC 3339"},
        Wrong{"NoList", "ports: {}", "ports: must be a list, not object"},
        Wrong{"NullElement", "ports: [null]",
              "ports[0]: must be an object with the fields name, port"},
        Wrong{"NoObject", "limits: 1", "limits: must be an object with the fields high, low"},
        Wrong{"TooMany",
              "ports: [{name: a, port: 1}, {name: b, port: 1}, {name: c, port: 1}, {name: d, port: "
              "1}]",
              "ports: must have between 0 and 3 elements, not 4"},
        Wrong{"SameKey", "ports: [{name: a, port: 1}, {name: a, port: 2}]",
              "FieldValueDuplicate ports[1].name: must be given once, not \"a\" again"},
        Wrong{"SameElement", "tags: [a, a]", "FieldValueDuplicate tags[1]"},
        Wrong{"ElementFormat", "tags: [A_]", "tags[0]: must be at most 63 lower-case letters"},
        Wrong{"EmptyElement", "tags: ['']", "tags[0]: must be at most 63"},
        Wrong{"LabelKey", "labels: {'a b': c}", "labels[\"a b\"]: its name must be [prefix/]name"},
        Wrong{"LabelValue", "labels: {a/b: 'c d'}", "labels[\"a/b\"]: must be empty or at most 63"},
        Wrong{"CrossField", "limits: {low: 11}", "limits.low: must not be above high"},
        Wrong{"Both", "choice: {left: 192.0.2.1, right: x}",
              "FieldValueForbidden choice: must have only one of left, right"},
        Wrong{"Reserved", "wings: 2",
              "FieldValueUnknown wings: is not accepted: it cannot fly yet"},
        Wrong{"UnknownBelow", "limits: {hihg: 1}",
              "limits.hihg: is not a field of Limits; did you mean high?"},
        Wrong{"UnknownFar", "limits: {zebra: 1}",
              "limits.zebra: is not a field of Limits, which has high, low"}),
    [](const auto& row) { return row.param.name; });

TEST(Decode, CountsCharactersNotBytes) {
  EXPECT_THAT(problems_of("{title: ääääääääää}"), ElementsAre());
  EXPECT_THAT(problems_of("{title: 'äääääääääää'}"), ElementsAre(HasSubstr("not 11")));
  EXPECT_THAT(problems_of("{title: ''}"), ElementsAre(HasSubstr("must not be empty")));
}

TEST(Decode, NeverRepeatsSecrets) {
  for (const auto* text :
       {"{title: t, passwords: {a: 'hunter2!'}}", "{title: t, passwords: {a: 4711}}",
        "{title: t, passwords: {a: [4711]}}", "{title: t, passwords: 4711}"}) {
    const auto problems = problems_of(text);
    ASSERT_EQ(problems.size(), 1u) << text;
    EXPECT_THAT(problems[0], ::testing::Not(HasSubstr("hunter2")));
    EXPECT_THAT(problems[0], ::testing::Not(HasSubstr("4711")));
  }
}

TEST(Decode, StopsAfterAHundredProblems) {
  std::string tags = "{title: t, limits: {low: 11}, ports: [";
  for (int i = 0; i < 5000; ++i) tags += "7, ";
  EXPECT_EQ(problems_of(tags + "7]}").size(), 100u);
}

TEST(Decode, RefusesWhatIsNoObject) {
  EXPECT_THAT(decode<Toy>(Json(1)), Fails(ErrorClass::invalid, HasSubstr("must be an object")));
}

TEST(DecodeStored, PassesOverUnknownFieldsAndBrokenRules) {
  const auto toy = decode_stored<Toy>(json("{count: 300, later: 1, limits: {low: 50}}"));
  ASSERT_TRUE(toy.ok()) << toy.status();
  EXPECT_EQ(toy->count, 300);
  EXPECT_THAT(decode_stored<Toy>(json("{count: x}")),
              Fails(ErrorClass::schema, HasSubstr("count")));
}

TEST(Encode, LeavesOutWhatReadsBackAsZero) {
  Toy toy;
  toy.title = "duck";
  EXPECT_EQ(to_json(encode(toy)),
            R"({"colour":"Red","count":1,"limits":{"high":10},"memory":"1Gi","seen":0,)"
            R"("title":"duck","waitSeconds":30})");
}

TEST(Encode, KeepsZerosThatReadBackAsSomethingElse) {
  Toy toy;
  toy.count = 0;
  toy.extra = toy::Limits{0, 0};
  const Json encoded = encode(toy);
  EXPECT_EQ(*encoded.find("count"), Json(0));
  EXPECT_EQ(to_json(*encoded.find("extra")), R"({"high":0})");
  EXPECT_EQ(*encoded.find("title"), Json(""));
}

TEST(Encode, ReadsBackAsItWas) {
  const auto toy = decode<Toy>(json(R"({title: duck, ports: [{name: http, port: 80}], tags: [a],
    labels: {x: y}, since: "2026-11-21T05:29:02Z", share: 0.25,
    passwords: {a: YQ==}, anything: x})"));
  ASSERT_TRUE(toy.ok()) << toy.status();
  const Json once = encode(*toy);
  const auto again = decode<Toy>(once);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(encode(*again), once);
}

}  // namespace
}  // namespace gantry::schema
