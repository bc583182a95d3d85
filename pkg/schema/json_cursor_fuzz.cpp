// Whatever JsonCursor passes with all checks is JSON, and everything that to_json() writes is
// passed.
#include <cstdint>
#include <cstdlib>

#include "pkg/schema/json.h"
#include "pkg/schema/json_cursor.h"
#include "pkg/schema/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto parsed = gantry::schema::parse_json(text);
  if (parsed.ok()) {
    const auto written = gantry::schema::to_json(*parsed);
    gantry::schema::JsonCursor cursor(written);
    if (!cursor.value() || !cursor.at_end()) std::abort();
  }
  gantry::schema::JsonCursor strict(text, gantry::schema::JsonCursor::Check::all);
  if (strict.value() && strict.at_end() && !parsed.ok() && gantry::schema::is_utf8(text))
    std::abort();
  return 0;
}
