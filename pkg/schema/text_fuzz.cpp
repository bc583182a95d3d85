// Reads whatever bytes the fuzzer makes up as JSON and as YAML, and holds the package to its
// promises: no crash, an error has a place, and what was read is written as text that reads back.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pkg/base/check.h"
#include "pkg/schema/json.h"

using namespace gantry;

namespace {

void check_json(std::string_view text) {
  const auto value = schema::parse_json(text);
  if (!value.ok()) {
    GANTRY_CHECK(message_of(value.status()).starts_with("line "));
    return;
  }
  const auto again = schema::parse_json(schema::to_json(*value));
  GANTRY_CHECK(again.ok() && *again == *value);
}

void check_yaml(std::string_view text) {
  const auto documents = schema::parse_yaml(text);
  if (!documents.ok()) {
    GANTRY_CHECK(message_of(documents.status()).starts_with("line "));
    return;
  }
  for (const auto& document : *documents) {
    const auto again = schema::parse_yaml(schema::to_yaml(document.value));
    GANTRY_CHECK(again.ok() && again->size() == 1);
    GANTRY_CHECK(again->front().value == document.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_json(text);
  check_yaml(text);
  return 0;
}
