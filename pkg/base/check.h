#pragma once
// Broken invariants end the process: a restarted controller observes again and is safe, a wrong
// one is not. Always on, also in release builds.
#include <cstdio>
#include <cstdlib>

#define GANTRY_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
