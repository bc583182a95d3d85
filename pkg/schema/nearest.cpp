#include <algorithm>

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

// How many letters must be changed, added, removed or swapped with their neighbour.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({changed, d[i - 1][j] + 1, d[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
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
