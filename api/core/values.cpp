#include "api/core/values.h"

namespace gantry::api::core {
namespace {

void check_same(schema::Problems& problems, const Json& before, const Json& after,
                const char* name) {
  const Json* old = before.find(name);
  const Json* now = after.find(name);
  const bool same = old == now || (old != nullptr && now != nullptr && *old == *now);
  if (same) return;
  problems.push_back({name, schema::Reason::forbidden,
                      "must stay as it is: the object is immutable; create another one"});
}

}  // namespace

Json count_values(const Json& object, std::initializer_list<const char*> maps) {
  int64_t count = 0;
  for (const auto* name : maps) {
    const Json* map = object.find(name);
    if (map != nullptr) count += static_cast<int64_t>(map->size());
  }
  return count;
}

schema::Problems check_immutable(const Json& before, const Json& after,
                                 std::initializer_list<const char*> maps) {
  schema::Problems problems;
  if (!before.bool_or("immutable", false)) return problems;
  check_same(problems, before, after, "immutable");
  for (const auto* name : maps) check_same(problems, before, after, name);
  return problems;
}

}  // namespace gantry::api::core
