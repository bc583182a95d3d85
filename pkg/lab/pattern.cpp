#include "pkg/lab/pattern.h"

#include <cctype>

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::lab {
namespace {

using Characters = std::bitset<256>;
constexpr int kAnyTimes = 1 << 20;

Characters named_class(char name) {
  Characters set;
  for (int c = 0; c < 256; ++c) {
    const bool digit = c < 128 && std::isdigit(c) != 0;
    const bool word = c < 128 && (std::isalnum(c) != 0 || c == '_');
    const bool space = c < 128 && std::isspace(c) != 0;
    const bool in = name == 'd' ? digit : name == 'w' ? word : space;
    set.set(static_cast<size_t>(c), in != (name == 'S'));
  }
  return set;
}

}  // namespace

class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  std::vector<Pattern::Sequence> read() {
    auto all = read_alternatives();
    GANTRY_CHECK(text_.empty());
    return all;
  }

 private:
  char next() {
    GANTRY_CHECK(!text_.empty());
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  bool take(std::string_view prefix) {
    if (!starts_with(text_, prefix)) return false;
    text_.remove_prefix(prefix.size());
    return true;
  }

  std::vector<Pattern::Sequence> read_alternatives() {
    std::vector<Pattern::Sequence> all(1);
    while (!text_.empty() && text_.front() != ')') {
      if (take("|")) {
        all.emplace_back();
      } else if (!take("^") && !take("$")) {  // a whole text matches anyway
        auto item = read_item();
        read_times(item);
        all.back().push_back(std::move(item));
      }
    }
    return all;
  }

  Pattern::Item read_item() {
    Pattern::Item item;
    const char c = next();
    if (c == '(') {
      if (!take("?^:")) take("?:");
      item.alternatives = read_alternatives();
      GANTRY_CHECK(next() == ')');
    } else if (c == '[') {
      item.characters = read_class();
    } else if (c == '.') {
      item.characters.set();
    } else if (c == '\\') {
      item.characters = read_escape();
    } else {
      item.characters.set(static_cast<unsigned char>(c));
    }
    return item;
  }

  void read_times(Pattern::Item& item) {
    if (take("*")) {
      item.least = 0;
      item.most = kAnyTimes;
    } else if (take("+")) {
      item.most = kAnyTimes;
    } else if (take("?")) {
      item.least = 0;
    } else if (take("{")) {
      const auto parts = split(text_.substr(0, text_.find('}')), ',');
      text_.remove_prefix(text_.find('}') + 1);
      item.least = static_cast<int>(parse_integer(parts[0]).value_or(0));
      item.most = static_cast<int>(parse_integer(parts.back()).value_or(kAnyTimes));
    }
  }

  Characters read_escape() {
    const char c = next();
    if (c == 'd' || c == 'w' || c == 's' || c == 'S') return named_class(c);
    Characters set;
    if (c == 'x') {
      const auto digits = std::string(text_.substr(0, 2));
      text_.remove_prefix(2);
      set.set(static_cast<size_t>(std::stoi(digits, nullptr, 16)));
    } else {
      set.set(c == '0' ? 0 : static_cast<unsigned char>(c));
    }
    return set;
  }

  Characters read_class() {
    const bool inverted = take("^");
    Characters set;
    while (!take("]")) {
      const auto first = take("\\") ? read_escape() : single(next());
      const bool range = text_.size() > 1 && text_.front() == '-' && text_[1] != ']';
      set |= first;
      if (!range || first.count() != 1) continue;
      take("-");
      const auto last = take("\\") ? read_escape() : single(next());
      for (auto c = first._Find_first(); c <= last._Find_first(); ++c) set.set(c);
    }
    return inverted ? ~set : set;
  }

  static Characters single(char c) {
    Characters set;
    set.set(static_cast<unsigned char>(c));
    return set;
  }

  std::string_view text_;
};

Pattern::Pattern(std::string_view text) : alternatives_(PatternReader(text).read()) {}

// Tries the item at `index`, which has matched `times` times already, then what follows it.
bool Pattern::match(const Sequence& sequence, size_t index, int times, std::string_view text,
                    const Rest& rest) {
  if (index == sequence.size()) return rest(text);
  const auto& item = sequence[index];
  if (times < item.most) {
    if (item.alternatives.empty()) {
      if (!text.empty() && item.characters.test(static_cast<unsigned char>(text.front())) &&
          match(sequence, index, times + 1, text.substr(1), rest)) {
        return true;
      }
    } else {
      const Rest again = [&](std::string_view left) {
        return left.size() < text.size() && match(sequence, index, times + 1, left, rest);
      };
      for (const auto& alternative : item.alternatives) {
        if (match(alternative, 0, 0, text, again)) return true;
      }
    }
  }
  return times >= item.least && match(sequence, index + 1, 0, text, rest);
}

bool Pattern::matches(std::string_view text) const {
  const Rest at_end = [](std::string_view left) { return left.empty(); };
  for (const auto& alternative : alternatives_) {
    if (match(alternative, 0, 0, text, at_end)) return true;
  }
  return false;
}

}  // namespace gantry::lab
