#include <functional>

#include "pkg/base/random.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

using gantry::testing::Fails;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The first document's value as JSON text.
std::string read(std::string_view text) {
  const auto documents = parse_yaml(text);
  if (!documents.ok()) return message_of(documents.status());
  return documents->empty() ? "none" : to_json(documents->front().value);
}

TEST(ParseYaml, ReadsWhatPeopleWrite) {
  EXPECT_EQ(read("kind: App  # a comment\nspec:\n  ports:\n  - {name: http, port: 80}\n"),
            R"({"kind":"App","spec":{"ports":[{"name":"http","port":80}]}})");
  EXPECT_EQ(read("a: |\n  one\n  two\nb: >-\n  three\n  four\n"),
            R"({"a":"one\ntwo\n","b":"three four"})");
  EXPECT_EQ(read("{\"json\": [1, true, null]}"), R"({"json":[1,true,null]})");
}

struct Scalar {
  const char* text;
  const char* json;
};

class PlainScalar : public ::testing::TestWithParam<Scalar> {};

TEST_P(PlainScalar, MeansWhatTheCoreSchemaSays) {
  EXPECT_EQ(read(std::string("v: ") + GetParam().text),
            std::string("{\"v\":") + GetParam().json + "}");
}

INSTANTIATE_TEST_SUITE_P(
    All, PlainScalar,
    ::testing::Values(Scalar{"", "null"}, Scalar{"~", "null"}, Scalar{"null", "null"},
                      Scalar{"true", "true"}, Scalar{"FALSE", "false"}, Scalar{"yes", "\"yes\""},
                      Scalar{"off", "\"off\""}, Scalar{"12", "12"}, Scalar{"-3", "-3"},
                      Scalar{"+4", "4"}, Scalar{"0o17", "15"}, Scalar{"0xff", "255"},
                      Scalar{"1.5", "1.5"}, Scalar{".5", "0.5"}, Scalar{"1e3", "1000.0"},
                      Scalar{"1_000", "\"1_000\""}, Scalar{"12:30", "\"12:30\""},
                      Scalar{"2026-11-21", "\"2026-11-21\""}, Scalar{"1Gi", "\"1Gi\""},
                      Scalar{"'12'", "\"12\""}, Scalar{"\"true\"", "\"true\""},
                      Scalar{"!!str 12", "\"12\""}, Scalar{"!!int 12", "12"},
                      Scalar{"1.2.3", "\"1.2.3\""}, Scalar{"0x", "\"0x\""},
                      Scalar{"9223372036854775808", "9223372036854776000.0"}));

TEST(ParseYaml, ReadsAStreamAndLeavesOutEmptyDocuments) {
  const auto documents =
      parse_yaml("# only a comment\n---\na: 1\n---\n---\nb: 2\n...\n---\nc: 3\n");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 3u);
  EXPECT_EQ(to_json((*documents)[1].value), R"({"b":2})");
  EXPECT_EQ((*documents)[1].line, 5);
  for (const auto* empty : {"", "\n", "---\n", "...\n", "# x\n", "# x", "---\n...\n---\n"}) {
    EXPECT_EQ(read(empty), "none") << empty;
  }
}

TEST(ParseYaml, KnowsWhereEachValueStands) {
  const auto documents = parse_yaml(
      "kind: App\nspec:\n  ports:\n  - name: http\n    port: 80\n  labels: {a.b/c: x}\n");
  ASSERT_TRUE(documents.ok());
  const auto& document = documents->front();
  EXPECT_EQ(position_of(document, "spec.ports[0].port"), (Position{5, 5}));
  EXPECT_EQ(position_of(document, "spec.ports[0]"), (Position{4, 5}));
  EXPECT_EQ(position_of(document, "spec.labels[\"a.b/c\"]"), (Position{6, 12}));
  // What is missing stands where it would have to be added.
  EXPECT_EQ(position_of(document, "spec.replicas"), (Position{2, 1}));
  EXPECT_EQ(position_of(document, "spec.ports[3].name"), (Position{3, 3}));
}

TEST(ParseYaml, KeepsNoPlacesOfLongPaths) {
  std::string text = std::string(1000, 'k') + ": [";
  for (int i = 0; i < 20000; ++i) text += "0, ";
  const auto documents = parse_yaml(text + "0]\nother: 1\n");
  ASSERT_TRUE(documents.ok()) << documents.status();
  EXPECT_EQ(documents->front().positions.size(), 2u);
  EXPECT_EQ(position_of(documents->front(), "other"), (Position{2, 1}));
}

TEST(ParseYaml, FollowsAliasesAndMergeKeys) {
  EXPECT_EQ(read("a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, k: 3}\n"),
            R"({"a":{"k":1,"l":2},"b":{"k":1,"l":2},"c":{"k":3,"l":2}})");
  EXPECT_EQ(read("a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}\n"),
            R"({"a":{"k":1},"b":{"k":2,"m":3},"c":{"k":1,"m":3}})");
}

struct BrokenText {
  const char* name;
  std::string text;
  const char* where;
  const char* why;
};

std::string bomb() {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    text += "]\n";
  }
  return text;
}

class BrokenYaml : public ::testing::TestWithParam<BrokenText> {};

TEST_P(BrokenYaml, IsRefusedWithItsPlace) {
  const auto documents = parse_yaml(GetParam().text);
  EXPECT_THAT(documents, Fails(ErrorClass::invalid, StartsWith(GetParam().where)));
  EXPECT_THAT(documents, Fails(ErrorClass::invalid, HasSubstr(GetParam().why)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenYaml,
    ::testing::Values(
        BrokenText{"Indentation", "a: 1\n  b: 2\n", "line 2, column 4:", ""},
        BrokenText{"Unclosed", "a: [1, 2\nb: 3\n", "line ", ""},
        BrokenText{"OpenQuote", "a: \"x\nb: 3\n", "line 3, column 1:", "is not closed"},
        BrokenText{"OpenQuoteAtTheEnd", "a: 'x", "line 1, column 6:", ""},
        BrokenText{"Duplicate", "a: 1\nb:\n  c: 1\n  c: 2\n",
                   "line 4, column 3:", "\"c\" is given twice"},
        BrokenText{"Rest", "[a]\nb\n", "line 2, column 1:", "belongs to nothing"},
        BrokenText{"UnknownTag", "a: !secret x\n", "line 1, column 4:", "!secret is not known"},
        BrokenText{"UnknownMapTag", "a: !vault {x: 1}\n", "line 1, column 4:", "!vault"},
        BrokenText{"WrongTag", "a: !!int x\n", "line 1, column 4:", "not what its tag"},
        BrokenText{"MapAsKey", "{a: 1}: 2\n", "line 1", "key must be a string"},
        BrokenText{"NullAsKey", "~: 2\n", "line 1", "must not be null"},
        BrokenText{"MergeOfScalar", "a: {<<: 1}\n", "line 1, column 9:", "takes a map"},
        BrokenText{"UnknownAlias", "a: *x\n", "line 1", "anchor is not defined"},
        BrokenText{"SelfAlias", "a: &x [*x]\n", "line 1, column 8:", "itself"},
        BrokenText{"Infinity", "a: .inf\n", "line 1, column 4:", "JSON has no number"},
        BrokenText{"Tab", "a:\n\tb: 1\n", "line 2", ""},
        BrokenText{"NoUtf8", "a: 1\nb: \xff\n", "line 2", "UTF-8"},
        BrokenText{"Zero", std::string("a: 1\nb: \0\n", 10), "line 2", "control character"},
        BrokenText{"TooDeep", std::string(300, '[') + std::string(300, ']'),
                   "line 1, column 201:", "deeper than 200"},
        BrokenText{"Bomb", bomb(), "line ", "more than 1000000 values"}),
    [](const auto& row) { return row.param.name; });

TEST(ToYaml, WritesBlockStyleInKubernetesOrder) {
  const auto object = parse_json(
      R"({"spec":{"ports":[{"port":80,"name":"http"}],"empty":[],"text":"a\nb\n"},"kind":"App",)"
      R"("apiVersion":"v1","metadata":{"name":"x","labels":{}}})");
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(to_yaml(*object),
            "apiVersion: v1\n"
            "kind: App\n"
            "metadata:\n"
            "  labels: {}\n"
            "  name: x\n"
            "spec:\n"
            "  empty: []\n"
            "  ports:\n"
            "  - name: http\n"
            "    port: 80\n"
            "  text: |\n"
            "    a\n"
            "    b\n");
}

TEST(ToYaml, QuotesWhatWouldReadBackAsSomethingElse) {
  Json list = Json::array();
  for (const auto* text : {"",      "true", "no",    "12",  "0644",       "1e3",   "null", "~",
                           "a: b",  "a #b", "- x",   "*x",  "2026-11-21", "12:30", " x",   "x ",
                           "\ttab", "@x",   "1_000", "---", "...",        "... x"}) {
    list.push_back(text);
  }
  const std::string yaml = to_yaml(list);
  size_t quoted = 0;
  for (const char c : yaml) quoted += c == '"' ? 1 : 0;
  EXPECT_EQ(quoted, 2 * list.size()) << yaml;
  EXPECT_EQ(to_yaml(Json("/var/www")), "/var/www\n");
  EXPECT_EQ(to_yaml(Json("... x")), "\"... x\"\n");
  EXPECT_EQ(to_yaml(Json("-x")), "-x\n");
}

// A random value whose strings are made of what is dangerous in YAML.
Json random_value(Random& random, int depth) {
  static const std::vector<std::string> pieces = {
      "a", "b", " ",   "\n",           ":",    "#", "-", "'", "\"", "\\", "\t", "|", "é", "{", "0",
      "1", ",", "yes", "\xe2\x80\xa8", "\x7f", "\r"};
  const auto below = [&](uint64_t n) { return static_cast<size_t>(random.below(n)); };
  const auto text = [&] {
    std::string result;
    for (size_t n = below(6); n > 0; --n) result += pieces[below(pieces.size())];
    return result;
  };
  switch (below(depth > 0 ? 7 : 5)) {
    case 0:
      return {};
    case 1:
      return below(2) == 0;
    case 2:
      return static_cast<int64_t>(random.next());
    case 5: {
      Json list = Json::array();
      for (size_t n = below(4); n > 0; --n) list.push_back(random_value(random, depth - 1));
      return list;
    }
    case 6: {
      Json map = Json::object();
      for (size_t n = below(4); n > 0; --n) map.set(text(), random_value(random, depth - 1));
      return map;
    }
    default:
      return text();
  }
}

TEST(ToYaml, ReadsBackAsItWas) {
  SeededRandom random(7);
  for (int i = 0; i < 3000; ++i) {
    const Json value = random_value(random, 4);
    if (value.is_null()) continue;
    const std::string yaml = to_yaml(value);
    const auto documents = parse_yaml(yaml);
    ASSERT_TRUE(documents.ok()) << documents.status() << "\n" << yaml;
    ASSERT_EQ(documents->size(), 1u) << yaml;
    ASSERT_EQ(to_json(documents->front().value), to_json(value)) << yaml;
  }
}

}  // namespace
}  // namespace gantry::schema
