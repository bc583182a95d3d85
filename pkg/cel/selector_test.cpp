#include "pkg/cel/selector.h"

#include <string>

#include <gtest/gtest.h>

#include "pkg/base/testing.h"

namespace gantry::cel {
namespace {

using ::testing::ElementsAre;
using testing::Fails;
using testing::IsOk;

constexpr int64_t kGi = int64_t{1} << 30;

Json a_node() {
  const Json memory(Json::Object{{"total", 16 * kGi}, {"used", 4 * kGi}, {"free", 12 * kGi}});
  const Json labels(Json::Object{{"zone", "attic"}, {"gantry.dev/rack", "r1"}});
  return Json(Json::Object{{"name", "pve1"},
                           {"online", true},
                           {"cpu", 0.25},
                           {"cores", 8},
                           {"memory", memory},
                           {"uptime", 3600},
                           {"labels", labels},
                           {"tags", Json::Array{"ssd"}}});
}

Json a_storage() {
  return Json(Json::Object{{"name", "local-zfs"},
                           {"type", "zfspool"},
                           {"shared", false},
                           {"active", true},
                           {"content", Json::Array{"rootdir", "images"}},
                           {"avail", 100 * kGi},
                           {"used", 20 * kGi},
                           {"total", 120 * kGi},
                           {"node", "pve1"}});
}

Value value_of(const Json& json, const Type& type, Observed observed = Observed::partly) {
  auto value = from_json(json, type, type.object().name, observed);
  EXPECT_THAT(value, IsOk());
  return *value;
}

Activation everything() {
  const Json machine(Json::Object{{"name", "web-1"},
                                  {"namespace", "default"},
                                  {"class", "small"},
                                  {"cluster", "home"},
                                  {"labels", Json::Object{{"app", "web"}}},
                                  {"annotations", Json::object()}});
  Activation values;
  values.set("node", value_of(a_node(), node_type()));
  values.set("storage", value_of(a_storage(), storage_type()));
  values.set("machine", value_of(machine, machine_type()));
  return values;
}

// "yes", "no", or "unknown: why".
std::string verdict(std::string_view text, const Activation& values = everything()) {
  const auto selector = Selector::compile(text);
  if (!selector.ok()) return "refused " + message_of(selector.status());
  const Match match = selector->evaluate(values);
  if (match.is_unknown()) return "unknown: " + match.reason;
  return match.matches() ? "yes" : "no";
}

TEST(Selector, EvaluatesTheSelectorsPeopleWrite) {
  EXPECT_EQ(verdict("storage.content.exists(c, c == \"vztmpl\")"), "no");
  EXPECT_EQ(verdict("storage.content.exists(c, c == \"rootdir\")"), "yes");
  EXPECT_EQ(verdict("storage.type in [\"zfspool\", \"lvmthin\", \"dir\"] && storage.avail > "
                    "quantity(\"20Gi\")"),
            "yes");
  EXPECT_EQ(verdict("node.online && node.memory.free > quantity(\"2Gi\")"), "yes");
  EXPECT_EQ(verdict("node.cpu < 0.8 && node.cores >= 4 && 'ssd' in node.tags"), "yes");
  EXPECT_EQ(verdict("machine.namespace == 'default' && machine.class == 'small'"), "yes");
  EXPECT_EQ(verdict("machine.labels.app == 'web' && has(machine.labels.app)"), "yes");
  EXPECT_EQ(verdict("node.labels.`gantry.dev/rack` == 'r1'"), "yes");
  EXPECT_EQ(verdict("node.labels['zone'] == 'cellar'"), "no");
  EXPECT_EQ(verdict("node.name == storage.node"), "yes");
  EXPECT_EQ(verdict("double(node.memory.free) / double(node.memory.total) > 0.5"), "yes");
}

TEST(Selector, RefusesABareTypeWithAHint) {
  const std::string hint = "; type is a function of the language, did you mean storage.type?";
  EXPECT_EQ(verdict("type == \"zfspool\""), "refused 1:6: no such overload: type == string" + hint);
  EXPECT_EQ(verdict("node.online &&\n  \"dir\" != type"),
            "refused 2:9: no such overload: string != type" + hint);
  EXPECT_EQ(verdict("type in [\"dir\"]"),
            "refused 1:6: no such overload: type in list(string)" + hint);
  EXPECT_EQ(verdict("type.startsWith('z')"),
            "refused 1:6: no such overload: type.startsWith(string)" + hint);
  EXPECT_EQ(verdict("type(storage.type) == string"), "yes");
}

TEST(Selector, RefusesWhatIsNotDeclaredAndSaysWhatIs) {
  EXPECT_EQ(verdict("node.memery.free > 1"),
            "refused 1:6: node has no field memery; did you mean memory?");
  EXPECT_EQ(verdict("node.memory.fre > 1"),
            "refused 1:13: node.memory has no field fre; did you mean free?");
  EXPECT_EQ(verdict("storage.Type == 'dir'"),
            "refused 1:9: storage has no field Type; did you mean type?");
  EXPECT_EQ(verdict("node.memory.swapped > 1"),
            "refused 1:13: node.memory has no field swapped; it has free, total, used");
  EXPECT_EQ(verdict("avail > 1"),
            "refused 1:1: there is no variable avail; did you mean storage.avail?");
  EXPECT_EQ(verdict("name == 'x'"),
            "refused 1:1: there is no variable name; did you mean machine.name or node.name or "
            "storage.name?");
  EXPECT_EQ(verdict("stroage.avail > 1"),
            "refused 1:1: there is no variable stroage; did you mean storage?");
  EXPECT_EQ(verdict("cluster_of.x"),
            "refused 1:1: there is no variable cluster_of; there are machine, node, storage");
  EXPECT_EQ(verdict("storage.avail > '20Gi'"),
            "refused 1:15: no such overload: int > string; did you mean quantity(\"20Gi\")?");
  EXPECT_EQ(verdict("node.cpu == 1"),
            "refused 1:10: no such overload: double == int; did you mean 1.0?");
  EXPECT_EQ(verdict("quantty('1Gi') > 1"),
            "refused 1:1: there is no function quantty; did you mean quantity()?");
  EXPECT_EQ(verdict("storage.all(k, true)"),
            "refused 1:9: all() goes over a list or a map, not over storage");
  EXPECT_EQ(verdict("has(node.memery)"),
            "refused 1:10: node has no field memery; did you mean memory?");
}

TEST(Selector, MustYieldABool) {
  EXPECT_EQ(verdict("storage.avail"), "refused 1:1: a selector must be true or false, this is int");
  EXPECT_EQ(verdict("dyn(node.cores)"), "unknown: the selector yields 8, not true or false");
  const auto empty = Selector::compile("");
  EXPECT_THAT(empty, Fails(ErrorClass::invalid));
  EXPECT_EQ(catalogue_code(empty.status()), "CEL-003");
}

TEST(Selector, BoundsWhatItsPatternsTake) {
  std::string text = "true";
  for (int i = 0; i < 50; ++i) text += " && storage.name.matches('a')";
  EXPECT_EQ(verdict(text), "yes");
  EXPECT_EQ(verdict(text + "\n&& storage.name.matches('a')"),
            "refused 2:25: more than 50 patterns");
  const std::string long_name(10'000, 'x');
  EXPECT_LT(verdict(long_name).size(), 600u);
}

TEST(Unknown, IsNotFalseAndNamesWhatWasMissing) {
  EXPECT_EQ(verdict("node.level == 'c'"), "unknown: node.level not observed");
  EXPECT_EQ(verdict("node.level != 'c'"), "unknown: node.level not observed");
  EXPECT_EQ(verdict("!(node.level == 'c')"), "unknown: node.level not observed");
  EXPECT_EQ(verdict("node.level == 'c' && storage.enabled"),
            "unknown: node.level, storage.enabled not observed");
  EXPECT_EQ(verdict("node.level + 'x' in ['a', storage.name]"), "unknown: node.level not observed");
  const Activation nothing;
  EXPECT_EQ(verdict("storage.avail > 5", nothing), "unknown: storage.avail not observed");
  EXPECT_EQ(verdict("node.memory.free > 5", nothing), "unknown: node.memory.free not observed");
  EXPECT_EQ(verdict("node.labels['zone'] == 'a'", nothing),
            "unknown: node.labels[\"zone\"] not observed");
  EXPECT_EQ(verdict("storage == storage", nothing), "unknown: storage not observed");
  EXPECT_EQ(verdict("storage.content.exists(c, c == 'x')", nothing),
            "unknown: storage.content not observed");
}

TEST(Unknown, IsAbsorbedWhenTheOtherSideDecides) {
  const Activation nothing;
  for (const std::string_view text :
       {"node.online || true", "true || node.online", "!(node.online && false)",
        "[true, node.online].exists(b, b) || true", "node.cores > 1 || 1 / 1 == 1"}) {
    EXPECT_EQ(verdict(text, nothing), "yes") << text;
  }
  for (const std::string_view text :
       {"node.online && false", "false && node.online", "1 / 0 == 1 && node.online && false"}) {
    EXPECT_EQ(verdict(text, nothing), "no") << text;
  }
  // Known later, node.online may turn out false and absorb the error.
  EXPECT_EQ(verdict("1 / 0 == 1 && node.online", nothing), "unknown: node.online not observed");
  // Nothing that becomes known undoes this error.
  EXPECT_EQ(verdict("1 / 0 == node.cores", nothing), "unknown: 1:3: division by zero");
  EXPECT_EQ(verdict("node.online ? true : true", nothing), "unknown: node.online not observed");
}

TEST(Unknown, IsAbsorbedByMacrosAsByTheirOperators) {
  const Activation nothing;
  EXPECT_EQ(verdict("[1, 2].exists(n, n == 2 || node.online)", nothing), "yes");
  EXPECT_EQ(verdict("[1, 2].exists(n, n == 3 || node.online)", nothing),
            "unknown: node.online not observed");
  EXPECT_EQ(verdict("[1, 2].all(n, n == 1 && node.online)", nothing), "no");
  EXPECT_EQ(verdict("[1, 2].all(n, n < 3 && node.online)", nothing),
            "unknown: node.online not observed");
  EXPECT_EQ(verdict("[1, 2, 3].exists_one(n, n < 3 || node.online)", nothing), "no");
  EXPECT_EQ(verdict("[1, 2].exists_one(n, n < 2 || node.online)", nothing),
            "unknown: node.online not observed");
  EXPECT_EQ(verdict("[1].map(n, node.cores) == [1]", nothing), "unknown: node.cores not observed");
  EXPECT_EQ(verdict("[1].filter(n, node.online) == []", nothing),
            "unknown: node.online not observed");
}

TEST(Unknown, AndMissingDifferForHas) {
  const Json storage(Json::Object{{"name", "nas"}, {"avail", nullptr}});
  Activation partly;
  partly.set("storage", value_of(storage, storage_type(), Observed::partly));
  EXPECT_EQ(verdict("has(storage.name)", partly), "yes");
  EXPECT_EQ(verdict("has(storage.used)", partly), "unknown: storage.used not observed");
  EXPECT_EQ(verdict("has(storage.avail)", partly), "no");
  EXPECT_EQ(verdict("storage.avail > 1", partly), "unknown: 1:9: storage.avail is not set");
  Activation completely;
  completely.set("storage", value_of(storage, storage_type(), Observed::completely));
  EXPECT_EQ(verdict("has(storage.used)", completely), "no");
  EXPECT_EQ(verdict("!has(storage.used) || storage.used > 1", completely), "yes");
  EXPECT_EQ(verdict("storage.used > 1", completely), "unknown: 1:9: storage.used is not set");
}

TEST(Unknown, CanBeMarkedByHand) {
  Activation values = everything();
  values.set_unknown("node.memory.free").set_unknown("storage");
  EXPECT_EQ(verdict("node.memory.free > 1", values), "unknown: node.memory.free not observed");
  EXPECT_EQ(verdict("node.memory.total > 1", values), "yes");
  EXPECT_EQ(verdict("storage.shared", values), "unknown: storage.shared not observed");
  values.set_unknown("node.labels.zone");
  EXPECT_EQ(verdict("node.labels.zone == 'attic'", values),
            "unknown: node.labels.zone not observed");
  EXPECT_EQ(verdict("has(node.labels.zone)", values), "unknown: node.labels.zone not observed");
}

TEST(Selector, ExplainsWhichClauseRejected) {
  const auto selector = Selector::compile(
      "storage.active && storage.type == \"lvmthin\" && (storage.enabled || storage.shared)");
  ASSERT_THAT(selector, IsOk());
  const auto clauses = selector->explain(everything());
  ASSERT_EQ(clauses.size(), 3u);
  EXPECT_EQ(clauses[0].text, "storage.active");
  EXPECT_TRUE(clauses[0].match.matches());
  EXPECT_EQ(clauses[1].text, "storage.type == \"lvmthin\"");
  EXPECT_EQ(clauses[1].match.verdict, Match::Verdict::does_not_match);
  EXPECT_EQ(clauses[2].text, "(storage.enabled || storage.shared)");
  EXPECT_THAT(clauses[2].match.missing, ElementsAre("storage.enabled"));
  const auto single = Selector::compile("storage.shared");
  ASSERT_THAT(single, IsOk());
  EXPECT_EQ(single->explain(everything()).size(), 1u);
  EXPECT_EQ(single->explain(everything())[0].text, "storage.shared");
}

TEST(Observation, TurnsJsonIntoTheDeclaredTypes) {
  const auto convert = [](const Json& json, const Type& type) {
    const auto value = from_json(json, type, "v", Observed::partly);
    return value.ok() ? value->to_text() : message_of(value.status());
  };
  EXPECT_EQ(convert(Json(3.0), Type::integer()), "3");
  EXPECT_EQ(convert(Json(3), Type::real()), "3.0");
  EXPECT_EQ(convert(Json(3), Type(TypeKind::uinteger)), "3u");
  EXPECT_EQ(convert(Json("90s"), Type(TypeKind::duration)), "duration(\"90s\")");
  EXPECT_EQ(convert(Json("2009-02-13T23:31:30Z"), Type(TypeKind::timestamp)),
            "timestamp(\"2009-02-13T23:31:30Z\")");
  EXPECT_EQ(convert(Json("YWI="), Type(TypeKind::bytes)), "b\"ab\"");
  EXPECT_EQ(convert(Json(3.5), Type::integer()), "v: is number, must be int");
  EXPECT_EQ(convert(Json(-3), Type(TypeKind::uinteger)), "v: is integer, must be uint");
  EXPECT_EQ(convert(Json("\xff"), Type::string()), "v: is string, must be string");
  EXPECT_EQ(convert(Json(Json::Array{"a", 1}), Type::list(Type::string())),
            "v[1]: is integer, must be string");
  const Json node(Json::Object{{"memory", Json::Object{{"free", "many"}}}});
  EXPECT_EQ(convert(node, node_type()), "v.memory.free: is string, must be int");
}

TEST(Observation, TakesUndeclaredJsonAsItIs) {
  const Json json(Json::Object{{"a", Json::Array{1, 2.5, "x", true, nullptr}}});
  EXPECT_EQ(from_json(json).to_text(), "{\"a\": [1, 2.5, \"x\", true, null]}");
}

std::vector<std::string> comparisons(std::string_view text) {
  const auto selector = Selector::compile(text);
  EXPECT_THAT(selector, IsOk()) << text;
  std::vector<std::string> all;
  for (const auto& one : selector->comparisons()) all.push_back(one.attribute + " " + one.text);
  return all;
}

TEST(Selector, TellsWhichTextsItComparesWith) {
  EXPECT_THAT(comparisons("storage.type == 'dir' && 'local' == storage.name"),
              ElementsAre("storage.type dir", "storage.name local"));
  EXPECT_THAT(comparisons("storage.type in ['dir', 'zfspool'] || 'ssd' in node.tags"),
              ElementsAre("storage.type dir", "storage.type zfspool", "node.tags ssd"));
  EXPECT_THAT(comparisons("storage.content.exists(c, c == 'vztmpl') && node.labels.rack == 'r1'"),
              ElementsAre("storage.content vztmpl", "node.labels.rack r1"));
  EXPECT_THAT(comparisons("node.cores > 4 && node.name != 'a' && !(node.name == 'b')"),
              ElementsAre());
}

}  // namespace
}  // namespace gantry::cel
