#include "controllers/machine/usage.h"

#include <cstdlib>

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;

constexpr auto kOften = 15s;
constexpr auto kSeldom = 60s;
constexpr int64_t kMovedPercent = 1;

bool has_moved(int64_t before, int64_t after, int64_t total) {
  return total > 0 && std::abs(after - before) > total / 100 * kMovedPercent;
}

template <class Seen>
MachineUsage usage_from(const Seen& seen) {
  MachineUsage usage;
  usage.cpu = seen.cpu.value_or(0);
  usage.memory_used = seen.memory_used.value_or(0);
  usage.memory_total = seen.memory_total.value_or(0);
  usage.disk_used = seen.disk_used.value_or(0);
  usage.disk_total = seen.disk_total.value_or(0);
  usage.network_in = seen.network_in;
  usage.network_out = seen.network_out;
  return usage;
}

}  // namespace

MachineUsage usage_of(const pve::GuestStatus& status) {
  return usage_from(status);
}

MachineUsage usage_of(const pve::GuestRow& row) {
  return usage_from(row);
}

bool is_worth_writing(const Measured& written, const MachineUsage& usage, Time now) {
  if (!written.at.has_value()) return true;
  const auto age = now - *written.at;
  if (age >= kSeldom) return true;
  if (age < kOften) return false;
  const auto& before = written.usage;
  return before.memory_total != usage.memory_total || before.disk_total != usage.disk_total ||
         has_moved(before.memory_used, usage.memory_used, usage.memory_total) ||
         has_moved(before.disk_used, usage.disk_used, usage.disk_total);
}

}  // namespace gantry::controllers::machine
