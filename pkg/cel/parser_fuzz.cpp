// Compiles and evaluates whatever text the fuzzer makes up, and holds the package to its promises:
// no crash, an error has a place, and what was parsed prints as text that parses to the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pkg/base/check.h"
#include "pkg/cel/selector.h"
#include "pkg/cel/syntax/parser.h"

namespace {

using namespace gantry;

void check_round_trip(std::string_view text) {
  const auto expr = cel::parse(text);
  if (!expr.ok()) return;
  const std::string printed = cel::to_text(**expr);
  const auto again = cel::parse(printed);
  // Parentheses for everything may nest deeper than the parser goes.
  if (again.ok()) GANTRY_CHECK(cel::to_text(**again) == printed);
}

const cel::Activation& activation() {
  static const cel::Activation made = [] {
    const Json node(Json::Object{{"name", "one"}, {"online", true}, {"cores", 4}});
    const Json storage(Json::Object{
        {"type", "dir"}, {"avail", int64_t{1} << 40}, {"content", Json::Array{"vztmpl"}}});
    cel::Activation values;
    values.set("x", cel::from_json(storage)).set("s", cel::Value::string("text"));
    values.set("node", *cel::from_json(node, cel::node_type(), "node", cel::Observed::partly));
    values.set("storage",
               *cel::from_json(storage, cel::storage_type(), "storage", cel::Observed::completely));
    return values;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_round_trip(text);
  auto declarations = cel::selector_declarations();
  declarations.add("x", cel::Type::dyn()).add("s", cel::Type::string());
  constexpr cel::Limits kLimits = {20'000};
  const auto program = cel::compile(text, declarations, kLimits);
  if (!program.ok()) {
    GANTRY_CHECK(message_of(program.status()).find(':') != std::string::npos);
    return 0;
  }
  const cel::Outcome outcome = program->evaluate(activation());
  GANTRY_CHECK(outcome.cost <= kLimits.cost);
  for (const auto& part : program->conjuncts()) part.evaluate(activation());
  return 0;
}
