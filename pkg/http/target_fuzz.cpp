// Whatever parse_target() accepts must come back the same after it was encoded again.
#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/http/http.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  const auto target = gantry::http::parse_target(text);
  if (!target.ok()) return 0;
  std::string again;
  for (const auto& segment : target->segments) again += "/" + gantry::url_encode(segment);
  if (again.empty()) again = "/";
  again += "?" + gantry::http::encode_form(target->query);
  const auto second = gantry::http::parse_target(again);
  GANTRY_CHECK(second.ok());
  GANTRY_CHECK(second->segments == target->segments);
  GANTRY_CHECK(second->query == target->query);
  return 0;
}
