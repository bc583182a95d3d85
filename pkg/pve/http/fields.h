#pragma once
// Lenient reading of single values: Proxmox sends 0/1/"1"/true for booleans, numbers as strings
// ("cpus": "0.5" when it comes from cpulimit) and strings as numbers.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"

namespace gantry::pve {

// What was odd in an answer, in words: fields that were there but could not be read.
using Oddities = std::vector<std::string>;

// nullopt when the value is nothing of the kind; also for null.
std::optional<std::string> as_text(const Json& value);
std::optional<int64_t> as_integer(const Json& value);
std::optional<double> as_number(const Json& value);
std::optional<bool> as_flag(const Json& value);

// Reads the members of one object. A missing or null member is nullopt; one of the wrong kind is
// nullopt, too, and is noted. The object must outlive the row.
class Row {
 public:
  Row(const Json& object, Oddities& odd) : object_(object), odd_(odd) {}
  std::optional<std::string> text(std::string_view key) const;
  std::optional<int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  // The member as it is, or nullptr when it is missing or null.
  const Json* find(std::string_view key) const;

 private:
  template <class T>
  std::optional<T> read(std::string_view key, std::optional<T> (*as)(const Json&),
                        std::string_view kind) const;
  const Json& object_;
  Oddities& odd_;
};

// Splits "a;b", "a,b" and "a b"; no empty parts.
std::vector<std::string> split_list(std::string_view text);

}  // namespace gantry::pve
