#include "cmd/gantryd/memory.h"

#include <malloc.h>

namespace gantry::daemon {
namespace {

constexpr Duration kEvery = std::chrono::seconds(10);
constexpr int kArenas = 2;
// Holes worth the milliseconds that it takes to give them back.
constexpr size_t kWorthIt = size_t{24} << 20;

}  // namespace

void limit_arenas() {
  mallopt(M_ARENA_MAX, kArenas);
}

Async<Status> give_memory_back(async::Clock& clock) {
  while (true) {
    GANTRY_CO_TRY(co_await clock.sleep_for(kEvery));
    if (mallinfo2().fordblks >= kWorthIt) malloc_trim(0);
  }
}

}  // namespace gantry::daemon
