#include "pkg/metrics/metrics.h"

#include <algorithm>

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::metrics {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_";

// The format allows more; one spelling is enough for us.
bool is_name(std::string_view name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         name.find_first_not_of(kNameCharacters) == std::string_view::npos;
}

bool is_label(const std::string& name) {
  return is_name(name) && !name.starts_with("__") && name != "le";
}

}  // namespace

std::string_view to_string(Type type) {
  switch (type) {
    case Type::counter:
      return "counter";
    case Type::gauge:
      return "gauge";
    case Type::histogram:
      return "histogram";
  }
  return "";
}

const std::vector<double>& seconds_buckets() {
  static const std::vector<double> buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                           1,     2.5,  5,     10,   30,  60,   300};
  return buckets;
}

Family& Registry::checked(FamilyInfo info) {
  GANTRY_CHECK(info.name.starts_with("gantry_") && is_name(info.name));
  GANTRY_CHECK((info.type == Type::counter) == info.name.ends_with("_total"));
  GANTRY_CHECK(!info.help.empty() && std::ranges::all_of(info.labels, is_label));
  GANTRY_CHECK(std::ranges::is_sorted(info.buckets));
  return declare(std::move(info));
}

Counter Registry::counter(std::string name, std::string help, Labels labels) {
  return Counter(checked({std::move(name), Type::counter, std::move(help), std::move(labels), {}}));
}

Gauge Registry::gauge(std::string name, std::string help, Labels labels) {
  return Gauge(checked({std::move(name), Type::gauge, std::move(help), std::move(labels), {}}));
}

Histogram Registry::histogram(std::string name, std::string help, Labels labels,
                              std::vector<double> buckets) {
  return Histogram(checked(
      {std::move(name), Type::histogram, std::move(help), std::move(labels), std::move(buckets)}));
}

std::string render_markdown(const std::vector<FamilyInfo>& catalogue) {
  std::string text = "| name | type | labels | says |\n|---|---|---|---|\n";
  for (const auto& family : catalogue) {
    text += "| `" + family.name + "` | " + std::string(to_string(family.type)) + " | " +
            join(family.labels, ", ") + " | " + family.help + " |\n";
  }
  return text;
}

}  // namespace gantry::metrics
