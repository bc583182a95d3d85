#include <algorithm>
#include <numeric>

#include "pkg/base/text.h"
#include "pkg/schema/codec_internal.h"

namespace gantry::schema {
namespace {

// Letters and digits only, in lower case: "memory_MiB" and "memoryMib" are one word.
std::string bare(std::string_view name) {
  std::string result = to_lower(name);
  std::erase_if(result, [](char c) { return c == '_' || c == '-' || c == '.'; });
  return result;
}

// Levenshtein's distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string_view>& known) {
  // Nobody mistypes a word of this length, and the distance costs its square.
  if (name.size() > 64) return "";
  const std::string wanted = bare(name);
  std::string best;
  size_t best_distance = std::min<size_t>(2, wanted.size() / 3) + 1;
  for (const auto candidate : known) {
    const size_t d = distance(wanted, bare(candidate));
    if (d >= best_distance) continue;
    best = std::string(candidate);
    best_distance = d;
  }
  return best;
}

}  // namespace gantry::schema
