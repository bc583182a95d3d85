// Whatever bytes the fuzzer makes up as an object (its managedFields too) and a configuration, with
// a zero byte between: no crash; an apply that is forced leaves nothing to conflict about, and
// doing it again changes nothing.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/v1alpha1/app.h"
#include "pkg/apiserver/write/apply.h"
#include "pkg/base/check.h"
#include "pkg/schema/json.h"

using namespace gantry;

namespace {

void check_account(const Json& object) {
  const auto entries = apiserver::managed_fields_of(object);
  const auto again = schema::parse_managed_fields(to_json(entries));
  GANTRY_CHECK(again.ok() && to_json(*again) == to_json(entries));
}

void check_apply(const Json& live, const Json& config) {
  const auto& type = *schema::type_of<api::v1alpha1::App>();
  schema::ManagedEntry manager;
  manager.manager = "kubectl";
  manager.operation = schema::ManagerOperation::apply;
  auto applied = apiserver::server_side_apply(type, live, config, manager, true);
  if (!applied.ok()) return;
  GANTRY_CHECK(applied->conflicts.empty());
  check_account(applied->object);
  manager.time = from_unix_seconds(1'800'000'000);
  const auto again = apiserver::server_side_apply(type, applied->object, config, manager, false);
  GANTRY_CHECK(again.ok() && again->conflicts.empty());
  GANTRY_CHECK(again->object == applied->object);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto middle = text.find('\0');
  if (middle == std::string_view::npos) return 0;
  const auto live = schema::parse_json(text.substr(0, middle));
  auto config = schema::parse_json(text.substr(middle + 1));
  if (!live.ok() || !config.ok() || !live->is_object() || !config->is_object()) return 0;
  // As the writer sees to it.
  for (const Json* object : std::initializer_list<const Json*>{&*live, &*config})
    if (const auto* metadata = object->find("metadata"); metadata && !metadata->is_object())
      return 0;
  if (auto* metadata = config->find("metadata")) metadata->erase("managedFields");
  check_account(*live);
  check_apply(*live, *config);
  return 0;
}
