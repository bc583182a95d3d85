#include "pkg/schema/quantity.h"

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::schema {

std::optional<Quantity> Quantity::parse(std::string_view text) {
  const auto bytes = parse_quantity(text);
  if (!bytes || *bytes < 0) return std::nullopt;
  Quantity quantity;
  quantity.text_ = std::string(text);
  quantity.bytes_ = *bytes;
  return quantity;
}

Quantity::Quantity(std::string_view text) {
  const auto parsed = parse(text);
  GANTRY_CHECK(parsed.has_value());
  *this = *parsed;
}

Quantity Quantity::of_bytes(int64_t bytes) {
  GANTRY_CHECK(bytes >= 0);
  Quantity quantity;
  quantity.bytes_ = bytes;
  // The largest binary unit that says it exactly.
  static constexpr std::string_view kSuffixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  size_t power = 0;
  while (bytes != 0 && bytes % 1024 == 0 && power + 1 < std::size(kSuffixes)) {
    bytes /= 1024;
    ++power;
  }
  quantity.text_ = std::to_string(bytes) + std::string(kSuffixes[power]);
  return quantity;
}

}  // namespace gantry::schema
