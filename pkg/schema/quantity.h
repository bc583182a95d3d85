#pragma once
// Quantity: an amount as people write it ("1Gi"), that keeps the text they wrote.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::schema {

// A Kubernetes quantity in whole units (bytes, for memory and sizes). Two quantities are equal when
// they amount to the same: "1Gi" == "1024Mi".
class Quantity {
 public:
  Quantity() = default;  // no text, 0
  // Requires a valid quantity: for defaults in the source.
  explicit Quantity(std::string_view text);
  static Quantity of_bytes(int64_t bytes);
  // nullopt when it is none, negative, or does not fit.
  static std::optional<Quantity> parse(std::string_view text);

  int64_t bytes() const { return bytes_; }
  const std::string& text() const { return text_; }
  bool operator==(const Quantity& other) const { return bytes_ == other.bytes_; }

 private:
  std::string text_;
  int64_t bytes_ = 0;
};

}  // namespace gantry::schema
