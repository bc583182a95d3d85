#pragma once
// Progress: what changed between two looks at an object, as lines for a person.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/time.h"

namespace gantry::ctl {

// Remembers what has been told; feed it objects as often as wanted.
class Progress {
 public:
  explicit Progress(Time began) : began_(began) {}
  // Lines such as "   12s  machine/hello-0  create     done in 3s".
  std::vector<std::string> look(const Json& object, Time now);

 private:
  void steps(const std::string& label, const Json& status, Time now,
             std::vector<std::string>& lines);
  void app_machines(const std::string& label, const Json& status, Time now,
                    std::vector<std::string>& lines);
  void conditions(const std::string& label, const Json& status, Time now,
                  std::vector<std::string>& lines);
  void tell(const std::string& label, const std::string& what, const std::string& text, Time now,
            std::vector<std::string>& lines);

  Time began_;
  std::map<std::string, std::string> told_;  // (object, thing) → the last text
};

}  // namespace gantry::ctl
