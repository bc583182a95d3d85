// Selectors from anybody: they are read or refused, and reading back gives no crash.
#include <cstdint>

#include "api/kinds.h"
#include "pkg/apiserver/query/selectors.h"
#include "pkg/schema/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gantry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto record = store::make_preview(
      {"machines.gantry.dev", "default", "a"},
      *schema::parse_json(R"({"metadata":{"labels":{"a":"b","n":"7"},"name":"a"}})"));
  const auto labels = apiserver::parse_label_selector(text);
  if (labels.ok()) (void)labels->matches(*record);
  const auto fields =
      apiserver::parse_field_selector(text, *api::find_by_resource("machines.gantry.dev"));
  if (fields.ok()) (void)fields->matches(*record);
  return 0;
}
