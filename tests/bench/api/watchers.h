#pragma once
// Many watchers, read by one thread.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/api/daemon.h"

namespace gantry::bench {

class Watchers {
 public:
  // Opens `count` watches of Apps from now on, each on a connection of its own.
  Watchers(const Daemon& daemon, int count);
  ~Watchers();

  // Counts what arrives from now on.
  void begin();
  void end();
  int64_t events() const { return events_; }
  // Milliseconds from the time in the label "sent" of an event to its arrival, one per event and
  // watcher. Only after end().
  std::vector<double>& delays() { return delays_; }

 private:
  void read();
  void take(size_t watcher, const char* data, size_t size);
  std::vector<std::unique_ptr<TlsClient>> clients_;
  std::vector<std::string> rests_;  // of each, a line that has not ended
  std::vector<double> delays_;
  std::atomic<int64_t> events_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
  int poll_ = -1;
};

}  // namespace gantry::bench
