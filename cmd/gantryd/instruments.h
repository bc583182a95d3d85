#pragma once
// DaemonInstruments: what the runtime measures, as metrics.
#include "pkg/metrics/metrics.h"
#include "pkg/runtime/instruments.h"

namespace gantry::daemon {

class DaemonInstruments final : public runtime::Instruments {
 public:
  explicit DaemonInstruments(metrics::Registry& registry);
  void queue_depth(std::string_view controller, size_t waiting) override;
  void reconciled(std::string_view controller, std::string_view outcome, Duration took) override;
  void leading(bool is_leader) override;
  void event_written() override;
  void event_dropped() override;

 private:
  metrics::Gauge depth_;
  metrics::Counter reconciles_;
  metrics::Histogram seconds_;
  metrics::Gauge leader_;
  metrics::Counter events_;
  metrics::Counter dropped_;
};

}  // namespace gantry::daemon
