#include "pkg/metrics/prometheus/registry.h"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "pkg/base/check.h"

namespace gantry::metrics::prometheus {
namespace {

namespace cpp = ::prometheus;

void add_to(cpp::Counter& counter, double amount) {
  counter.Increment(amount);
}
void add_to(cpp::Gauge& gauge, double amount) {
  gauge.Increment(amount);
}
void add_to(cpp::Histogram& histogram, double value) {
  histogram.Observe(value);
}

double value_of(const cpp::Counter& counter) {
  return counter.Value();
}
double value_of(const cpp::Gauge& gauge) {
  return gauge.Value();
}
double value_of(const cpp::Histogram& histogram) {
  return static_cast<double>(histogram.Collect().histogram.sample_count);
}

// A family that can also be asked.
class Series : public Family {
 public:
  virtual const FamilyInfo& info() const = 0;
  virtual std::optional<double> value(const Labels& values) const = 0;
};

// `Metric` is one of prometheus-cpp's. Series are found by their values in our own map: a look-up
// in prometheus-cpp's family would build a label map each time.
template <class Metric>
class TypedSeries final : public Series {
 public:
  TypedSeries(FamilyInfo info, cpp::Family<Metric>& family, size_t series_max,
              std::function<void(const std::string&)> on_dropped)
      : info_(std::move(info)),
        family_(family),
        series_max_(series_max),
        on_dropped_(std::move(on_dropped)) {
    if (info_.labels.empty()) touch({});
  }

  const FamilyInfo& info() const override { return info_; }
  void touch(const Labels& values) override { (void)find_or_add(values); }
  void add(double amount, const Labels& values) override {
    // Under the lock, as remove() destroys the metric.
    const std::lock_guard lock(mutex_);
    if (auto* metric = locked_find_or_add(values)) add_to(*metric, amount);
  }
  void set(double value, const Labels& values) override {
    const std::lock_guard lock(mutex_);
    auto* metric = locked_find_or_add(values);
    if constexpr (std::is_same_v<Metric, cpp::Gauge>) {
      if (metric != nullptr) metric->Set(value);
    } else {
      GANTRY_CHECK(false);  // only a Gauge handle sets
    }
  }
  void remove(const Labels& values) override {
    const std::lock_guard lock(mutex_);
    const auto node = series_.extract(values);
    if (!node.empty()) family_.Remove(node.mapped());
  }
  std::optional<double> value(const Labels& values) const override {
    const std::lock_guard lock(mutex_);
    const auto at = series_.find(values);
    if (at == series_.end()) return std::nullopt;
    return value_of(*at->second);
  }

 private:
  Metric* find_or_add(const Labels& values) {
    const std::lock_guard lock(mutex_);
    return locked_find_or_add(values);
  }

  Metric* locked_find_or_add(const Labels& values) {
    if (const auto at = series_.find(values); at != series_.end()) return at->second;
    GANTRY_CHECK(values.size() == info_.labels.size());
    if (series_.size() >= series_max_) {
      on_dropped_(info_.name);
      return nullptr;
    }
    cpp::Labels labels;
    for (size_t i = 0; i < values.size(); ++i) labels[info_.labels[i]] = values[i];
    return series_[values] = &make(labels);
  }

  Metric& make(const cpp::Labels& labels) {
    if constexpr (std::is_same_v<Metric, cpp::Histogram>) {
      return family_.Add(labels, info_.buckets);
    } else {
      return family_.Add(labels);
    }
  }

  const FamilyInfo info_;
  cpp::Family<Metric>& family_;
  const size_t series_max_;
  const std::function<void(const std::string&)> on_dropped_;
  mutable std::mutex mutex_;
  std::map<Labels, Metric*> series_;
};

bool same(const FamilyInfo& a, const FamilyInfo& b) {
  return a.type == b.type && a.labels == b.labels && a.buckets == b.buckets;
}

// Help texts escape line ends and backslashes, as in the text format.
std::string empty_family(const FamilyInfo& info) {
  std::string help;
  for (const char c : info.help) {
    if (c == '\n') {
      help += "\\n";
    } else {
      help += c == '\\' ? "\\\\" : std::string(1, c);
    }
  }
  return "# HELP " + info.name + " " + help + "\n# TYPE " + info.name + " " +
         std::string(to_string(info.type)) + "\n";
}

}  // namespace

struct Registry::State {
  explicit State(size_t limit) : series_max(limit) {}
  size_t series_max;
  cpp::Registry registry;
  mutable std::mutex mutex;
  std::map<std::string, std::unique_ptr<Series>> families;
  Family* dropped = nullptr;

  // Only named families come here, so the counter of drops never drops itself.
  template <class Metric, class Builder>
  std::unique_ptr<Series> make(const FamilyInfo& info, Builder builder) {
    auto& family = builder.Name(info.name).Help(info.help).Register(registry);
    auto on_dropped = [this](const std::string& name) {
      if (dropped != nullptr && name != kDroppedName) dropped->add(1, {name});
    };
    return std::make_unique<TypedSeries<Metric>>(info, family, series_max, on_dropped);
  }

  std::unique_ptr<Series> make(const FamilyInfo& info) {
    switch (info.type) {
      case Type::counter:
        return make<cpp::Counter>(info, cpp::BuildCounter());
      case Type::gauge:
        return make<cpp::Gauge>(info, cpp::BuildGauge());
      case Type::histogram:
        return make<cpp::Histogram>(info, cpp::BuildHistogram());
    }
    return nullptr;
  }

  static constexpr const char* kDroppedName = "gantry_metrics_dropped_total";
};

Registry::Registry(size_t series_max) : state_(std::make_unique<State>(series_max)) {
  state_->dropped = &declare({State::kDroppedName,
                              Type::counter,
                              "Values not recorded because their family had too many series.",
                              {"family"},
                              {}});
}
Registry::~Registry() = default;

Family& Registry::declare(FamilyInfo info) {
  const std::lock_guard lock(state_->mutex);
  auto& family = state_->families[info.name];
  if (!family) family = state_->make(info);
  GANTRY_CHECK(same(family->info(), info));
  return *family;
}

std::string Registry::render() const {
  auto collected = state_->registry.Collect();
  std::ranges::sort(collected, {}, &cpp::MetricFamily::name);
  std::string text = cpp::TextSerializer().Serialize(collected);
  for (const auto& info : catalogue()) {
    const bool shown =
        std::ranges::binary_search(collected, info.name, {}, &cpp::MetricFamily::name);
    if (!shown) text += empty_family(info);
  }
  return text;
}

std::vector<FamilyInfo> Registry::catalogue() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<FamilyInfo> infos;
  for (const auto& [name, family] : state_->families) infos.push_back(family->info());
  return infos;
}

std::optional<double> Registry::value(const std::string& name, const Labels& values) const {
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->families.find(name);
  if (at == state_->families.end()) return std::nullopt;
  return at->second->value(values);
}

}  // namespace gantry::metrics::prometheus
