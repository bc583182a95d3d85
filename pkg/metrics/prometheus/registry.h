#pragma once
// The metrics registry over prometheus-cpp, and its text for /metrics.
#include <memory>
#include <optional>
#include <string>

#include "pkg/metrics/metrics.h"

namespace gantry::metrics::prometheus {

// Thread-safe. A family keeps at most `series_max` series; what would open a further one is counted
// in gantry_metrics_dropped_total{family} instead, so that a label taken from user input cannot
// exhaust the memory.
class Registry final : public metrics::Registry {
 public:
  explicit Registry(size_t series_max = 10000);
  ~Registry() override;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Prometheus text format 0.0.4, families by name. Families that have no series yet still show
  // their HELP and TYPE.
  std::string render() const;
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  std::vector<FamilyInfo> catalogue() const override;

  // What one series is at; a histogram's number of observations. nullopt: no such series.
  std::optional<double> value(const std::string& name, const Labels& values = {}) const;

 protected:
  Family& declare(FamilyInfo info) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::metrics::prometheus
