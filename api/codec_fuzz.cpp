// Reads whatever bytes the fuzzer makes up as objects of every kind: no crash, every problem says
// something, and what is accepted stays accepted when it is filled, read, written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/kinds.h"
#include "pkg/base/check.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"
#include "pkg/schema/validate.h"

using namespace gantry;

namespace {

void check_accepted(const schema::TypeInfo& type, Json object) {
  schema::fill_defaults(type, object);
  GANTRY_CHECK(schema::validate(type, object).empty());
  GANTRY_CHECK(schema::check_immutable(type, object, object).empty());
  schema::Problems problems;
  const auto holder = type.make();
  schema::read(type, holder.get(), object, schema::Input::strict, "", problems);
  const Json once = schema::write(type, holder.get());
  const auto again = type.make();
  schema::read(type, again.get(), once, schema::Input::stored, "", problems);
  GANTRY_CHECK(problems.empty());
  GANTRY_CHECK(schema::write(type, again.get()) == once);
}

void check_object(const schema::TypeInfo& type, const Json& object) {
  const auto problems = schema::validate(type, object);
  for (const auto& problem : problems) GANTRY_CHECK(!problem.message.empty());
  if (problems.empty()) check_accepted(type, object);
  Json shown = object;
  schema::redact(type, shown);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto documents =
      schema::parse_yaml(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!documents.ok()) return 0;
  for (const auto& document : *documents) {
    const auto* kind = api::find_by_kind(document.value.string_or("apiVersion", ""),
                                         document.value.string_or("kind", ""));
    if (kind != nullptr) check_object(*kind->type(), document.value);
  }
  return 0;
}
