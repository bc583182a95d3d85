#pragma once
// What the daemon counts and measures, as the rest of the project sees it.
//
//   metrics::Counter requests = registry.counter("gantry_api_requests_total",
//                                                "API requests answered.", {"verb", "code"});
//   requests.increment({"get", "200"});
//
// Driver: pkg/metrics/prometheus. Everything here may be called from any thread. A wrong number of
// label values, a name that is no metric name or a family declared twice in different ways are
// bugs and end the process.
#include <string>
#include <string_view>
#include <vector>

namespace gantry::metrics {

// Names or values of labels, in the order of the family's declaration.
using Labels = std::vector<std::string>;

enum class Type { counter, gauge, histogram };
// "counter", as in the exposition format.
std::string_view to_string(Type type);

// One family, as declared: what a reference page says of it.
struct FamilyInfo {
  std::string name;
  Type type = Type::counter;
  std::string help;
  Labels labels;
  std::vector<double> buckets;  // histograms only: upper bounds, ascending
};

// What a driver keeps for one family.
class Family {
 public:
  virtual ~Family() = default;
  // Makes the series with these label values exist, at zero.
  virtual void touch(const Labels& values) = 0;
  // Counters and gauges: adds. Histograms: observes.
  virtual void add(double amount, const Labels& values) = 0;
  // Gauges only.
  virtual void set(double value, const Labels& values) = 0;
  // Forgets the series, for example of an object that is gone. No such series: no effect.
  virtual void remove(const Labels& values) = 0;
};

// Handles: cheap to copy; the registry must outlive them.
class Counter {
 public:
  explicit Counter(Family& family) : family_(&family) {}
  void increment(const Labels& values = {}, double amount = 1) const {
    family_->add(amount, values);
  }
  // Shows the series at zero before anything has happened, so that no alert misses the first one.
  void show(const Labels& values) const { family_->touch(values); }
  void remove(const Labels& values) const { family_->remove(values); }

 private:
  Family* family_;
};

class Gauge {
 public:
  explicit Gauge(Family& family) : family_(&family) {}
  void set(double value, const Labels& values = {}) const { family_->set(value, values); }
  void add(double amount, const Labels& values = {}) const { family_->add(amount, values); }
  void show(const Labels& values) const { family_->touch(values); }
  void remove(const Labels& values) const { family_->remove(values); }

 private:
  Family* family_;
};

class Histogram {
 public:
  explicit Histogram(Family& family) : family_(&family) {}
  void observe(double value, const Labels& values = {}) const { family_->add(value, values); }
  void show(const Labels& values) const { family_->touch(values); }
  void remove(const Labels& values) const { family_->remove(values); }

 private:
  Family* family_;
};

// 5 ms to 5 min, in seconds: answers, queries, Proxmox tasks.
const std::vector<double>& seconds_buckets();

// Declares families and lists them. Names begin with "gantry_"; counters end with "_total". A
// family without labels shows its one series at once. Declaring the same family again gives the
// same one.
class Registry {
 public:
  virtual ~Registry() = default;
  Counter counter(std::string name, std::string help, Labels labels = {});
  Gauge gauge(std::string name, std::string help, Labels labels = {});
  Histogram histogram(std::string name, std::string help, Labels labels = {},
                      std::vector<double> buckets = seconds_buckets());

  // All families declared so far, by name.
  virtual std::vector<FamilyInfo> catalogue() const = 0;

 protected:
  virtual Family& declare(FamilyInfo info) = 0;

 private:
  Family& checked(FamilyInfo info);
};

// The catalogue as a Markdown table: name, type, labels, help.
std::string render_markdown(const std::vector<FamilyInfo>& catalogue);

}  // namespace gantry::metrics
