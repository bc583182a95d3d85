#include "controllers/app/dependencies.h"

#include <set>
#include <vector>

#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;

// Follows dependsOn until it is back where it began; the way there, or empty.
class Circle {
 public:
  Circle(const std::string& start, const FindApp& find) : start_(start), find_(find) {}

  bool leads_back(const App& app) {
    way_.push_back(app.metadata.name);
    for (const auto& dependency : app.spec.depends_on) {
      if (dependency.name == start_) return true;
      if (!seen_.insert(dependency.name).second) continue;
      const auto next = find_(dependency.name);
      if (next.ok() && leads_back(*next)) return true;
    }
    way_.pop_back();
    return false;
  }
  std::string text() const { return join(way_, " → ") + " → " + start_; }

 private:
  const std::string& start_;
  const FindApp& find_;
  std::set<std::string> seen_;
  std::vector<std::string> way_;
};

// Empty when it answers.
std::string why_not(const std::string& name, const Result<App>& found) {
  if (!found.ok()) {
    const bool absent = error_class(found.status()) == ErrorClass::not_found;
    return "app/" + name + (absent ? ", which does not exist" : ": " + message_of(found.status()));
  }
  if (api::meta::is_true(found->status.conditions, "Available")) return "";
  const auto* available = api::meta::find_condition(found->status.conditions, "Available");
  return "app/" + name + ": " + (available == nullptr ? "it is new" : available->message);
}

}  // namespace

Status check_dependencies(const App& app, const FindApp& find) {
  Circle circle(app.metadata.name, find);
  if (circle.leads_back(app)) {
    return with_code(invalid("spec.dependsOn goes in a circle: %s", circle.text()),
                     kDependencyNotReady);
  }
  std::vector<std::string> missing;
  for (const auto& dependency : app.spec.depends_on) {
    const auto why = why_not(dependency.name, find(dependency.name));
    if (!why.empty()) missing.push_back(why);
  }
  if (missing.empty()) return {};
  return with_code(make_error(ErrorClass::locked, "waits for " + join(missing, ", and ")),
                   kDependencyNotReady);
}

}  // namespace gantry::controllers::app
