// Whatever bytes the fuzzer makes up as an object and a patch of it, with a zero byte between: no
// crash, all or nothing, and merging the same twice is merging it once.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/v1alpha1/app.h"
#include "pkg/apiserver/patch/json_patch.h"
#include "pkg/apiserver/patch/strategic.h"
#include "pkg/base/check.h"
#include "pkg/schema/json.h"

using namespace gantry;

namespace {

void check_json_patch(const Json& object, const Json& patch) {
  Json changed = object;
  const auto applied = apiserver::apply_json_patch(changed, patch);
  if (!applied.ok()) GANTRY_CHECK(changed == object && !message_of(applied).empty());
}

void check_merge_patch(const Json& object, const Json& patch) {
  Json once = object;
  merge_patch(once, patch);
  Json twice = once;
  merge_patch(twice, patch);
  GANTRY_CHECK(once == twice);
}

void check_strategic(const Json& object, const Json& patch) {
  const auto& type = *schema::type_of<api::v1alpha1::App>();
  Json changed = object;
  const auto applied = apiserver::apply_strategic_merge(type, changed, patch);
  if (!applied.ok()) {
    GANTRY_CHECK(changed == object && !message_of(applied).empty());
    return;
  }
  Json twice = changed;
  GANTRY_CHECK(apiserver::apply_strategic_merge(type, twice, patch).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto middle = text.find('\0');
  if (middle == std::string_view::npos) return 0;
  const auto object = schema::parse_json(text.substr(0, middle));
  const auto patch = schema::parse_json(text.substr(middle + 1));
  if (!object.ok() || !patch.ok() || !object->is_object()) return 0;
  check_json_patch(*object, *patch);
  check_merge_patch(*object, *patch);
  check_strategic(*object, *patch);
  return 0;
}
