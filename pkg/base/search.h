#pragma once
// Finding a text in a long one.
#include <string_view>

namespace gantry {

// As text.find(word), with the search of the C library: several times as fast where the first
// character of the word is a frequent one, as in JSON.
size_t find_text(std::string_view text, std::string_view word);

inline bool has_text(std::string_view text, std::string_view word) {
  return find_text(text, word) != std::string_view::npos;
}

}  // namespace gantry
