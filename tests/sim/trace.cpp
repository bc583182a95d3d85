#include "tests/sim/trace.h"

#include <cstdio>

namespace gantry::sim {
namespace {

constexpr size_t kLinesKept = 60;

}  // namespace

void Trace::note(Time now, const std::string& line) {
  const auto text = to_rfc3339_micro(now) + " " + line;
  for (const char c : text) {
    hash_ ^= static_cast<unsigned char>(c);
    hash_ *= 1099511628211ULL;
  }
  if (verbose_) std::fprintf(stderr, "%s\n", text.c_str());
  last_.push_back(text);
  if (last_.size() > kLinesKept) last_.pop_front();
}

}  // namespace gantry::sim
