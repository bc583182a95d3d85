#include "tests/sim/words.h"

namespace gantry::sim {

const Json* find_condition(const Json& object, const std::string& type) {
  const auto* conditions = object.find_path({"status", "conditions"});
  if (conditions == nullptr) return nullptr;
  for (const auto& condition : conditions->as_array()) {
    if (condition.string_or("type", "") == type) return &condition;
  }
  return nullptr;
}

std::string words_of(const Json& condition) {
  return condition.string_or("type", "") + ": " + condition.string_or("reason", "") + ": " +
         condition.string_or("message", "");
}

bool is_true(const Json* condition) {
  return condition != nullptr && condition->string_or("status", "") == "True";
}

void add(std::vector<std::string>& all, std::vector<std::string> more) {
  for (auto& one : more) all.push_back(std::move(one));
}

}  // namespace gantry::sim
