#include "tests/sim/host.h"

#include "pkg/base/check.h"

namespace gantry::sim {

Host::Host(std::string name, uint64_t seed, Surroundings surroundings)
    : name_(std::move(name)),
      surroundings_(surroundings),
      random_(seed),
      clock_(surroundings.clock) {}

Host::~Host() {
  if (runs()) kill();
}

void Host::start() {
  GANTRY_CHECK(!runs());
  holder_ = name_ + "-" + std::to_string(++incarnation_);
  paused_ = false;
  handlers_left_.reset();
  daemon_ = std::make_unique<Daemon>(DaemonDependencies{
      loop_.executor(), clock_, random_, surroundings_.disk, surroundings_.lab,
      surroundings_.channel_faults, surroundings_.bugs, holder_, surroundings_.callbacks});
  group_ = std::make_unique<async::Group>(loop_.executor());
  group_->spawn(holder_, [this] { return daemon_->run(); });
}

void Host::kill() {
  group_->stop();
  // Its end takes no virtual time, and nothing but it happens meanwhile.
  while (group_->size() > 0) GANTRY_CHECK(loop_.poll() > 0);
  group_.reset();
  daemon_.reset();
  handlers_left_.reset();
}

size_t Host::run_ready() {
  if (!handlers_left_.has_value()) return loop_.poll();
  size_t ran = 0;
  while (*handlers_left_ > 0 && loop_.poll_one() > 0) {
    ++ran;
    --*handlers_left_;
  }
  return ran;
}

void Host::look_at_gate() {
  if (!runs() || daemon_->gate().ok()) {
    gate_closed_since_.reset();
  } else if (!gate_closed_since_.has_value()) {
    gate_closed_since_ = surroundings_.clock.now();
  }
}

size_t Host::poll() {
  if (paused_ || !runs()) return 0;
  const bool down = surroundings_.disk.down;
  surroundings_.disk.down = down || cut_off_;
  const auto ran = run_ready();
  surroundings_.disk.down = down;
  if (handlers_left_ == 0) kill();
  if (ran > 0) look_at_gate();
  return ran;
}

}  // namespace gantry::sim
