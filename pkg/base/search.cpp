#include "pkg/base/search.h"

#include <cstring>

namespace gantry {

size_t find_text(std::string_view text, std::string_view word) {
  const void* found = memmem(text.data(), text.size(), word.data(), word.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace gantry
