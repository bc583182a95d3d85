#pragma once
// What a benchmark says: a table for people and JSON for machines.
#include <string>
#include <vector>

namespace gantry::bench {

class Report {
 public:
  // `target` empty: for information. `met` is left out of both outputs then.
  void add(std::string name, double value, std::string unit, std::string target = "",
           bool met = true);
  // Each line is printed when it is added; this writes all of them, when a file was given.
  void write(const std::string& json_file) const;

 private:
  struct Line {
    std::string name;
    double value;
    std::string unit, target;
    bool met;
  };
  std::vector<Line> lines_;
};

// The value below which `part` (0 … 1) of them are. Sorts.
double quantile(std::vector<double>& values, double part);

}  // namespace gantry::bench
