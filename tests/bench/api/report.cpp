#include "tests/bench/api/report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "pkg/base/json.h"
#include "pkg/schema/json.h"

namespace gantry::bench {

void Report::add(std::string name, double value, std::string unit, std::string target, bool met) {
  if (lines_.empty()) std::printf("%-58s %12s %-14s %-22s\n", "what", "measured", "", "target");
  const auto* mark = target.empty() ? "" : met ? "met" : "MISSED";
  std::printf("%-58s %12.4g %-14s %-22s %s\n", name.c_str(), value, unit.c_str(), target.c_str(),
              mark);
  std::fflush(stdout);
  lines_.push_back({std::move(name), value, std::move(unit), std::move(target), met});
}

void Report::write(const std::string& json_file) const {
  if (json_file.empty()) return;
  Json all = Json::array();
  for (const auto& line : lines_) {
    Json item;
    item.set("name", line.name);
    item.set("value", line.value);
    item.set("unit", line.unit);
    if (!line.target.empty()) item.set("target", line.target);
    if (!line.target.empty()) item.set("met", line.met);
    all.push_back(std::move(item));
  }
  std::ofstream(json_file) << schema::to_pretty_json(all) << "\n";
}

double quantile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto at = static_cast<size_t>(part * static_cast<double>(values.size() - 1));
  return values[at];
}

}  // namespace gantry::bench
