#pragma once
// Instruments: what the runtime measures of itself.
#include <string_view>

#include "pkg/base/time.h"

namespace gantry::runtime {

// Called from the loop's thread; cheap. No_instruments below for tests and simulation.
class Instruments {
 public:
  virtual ~Instruments() = default;
  virtual void queue_depth(std::string_view controller, size_t waiting) = 0;
  // `outcome` is a Verdict's label.
  virtual void reconciled(std::string_view controller, std::string_view outcome, Duration took) = 0;
  virtual void leading(bool is_leader) = 0;
  virtual void event_written() = 0;
  virtual void event_dropped() = 0;
};

class NoInstruments final : public Instruments {
 public:
  void queue_depth(std::string_view, size_t) override {}
  void reconciled(std::string_view, std::string_view, Duration) override {}
  void leading(bool) override {}
  void event_written() override {}
  void event_dropped() override {}
};

}  // namespace gantry::runtime
