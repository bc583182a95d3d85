#include "pkg/guest/terminal.h"

namespace gantry::guest {
namespace {

// More than anybody pastes; a command that reads nothing is not waited for.
constexpr size_t kTypedMax = size_t{4} << 20;

}  // namespace

bool Terminal::type(std::string_view bytes) {
  return news_.offer([bytes](News& news) {
    if (news.typed.size() + bytes.size() > kTypedMax) return false;
    news.typed += bytes;
    return true;
  });
}

void Terminal::resize(WindowSize size) {
  news_.offer([size](News& news) {
    news.size = size;
    return true;
  });
}

}  // namespace gantry::guest
