#pragma once
// Pattern: the regular expressions that API schemas use, and no others: groups, alternatives,
// classes, * + ? {n,m}. A whole text matches or does not.
#include <bitset>
#include <functional>
#include <string_view>
#include <vector>

namespace gantry::lab {

class Pattern {
 public:
  // Requires a pattern of that kind.
  explicit Pattern(std::string_view text);
  bool matches(std::string_view text) const;

 private:
  friend class PatternReader;
  struct Item;
  using Sequence = std::vector<Item>;
  struct Item {
    std::bitset<256> characters;         // one of these, unless
    std::vector<Sequence> alternatives;  // this is a group
    int least = 1, most = 1;
  };
  using Rest = std::function<bool(std::string_view)>;
  static bool match(const Sequence& sequence, size_t index, int times, std::string_view text,
                    const Rest& rest);

  std::vector<Sequence> alternatives_;
};

}  // namespace gantry::lab
