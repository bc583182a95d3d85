#include "pkg/base/json_compare.h"

#include <algorithm>

namespace gantry {

bool same_but_for(const Json* one, const Json* other,
                  std::initializer_list<std::string_view> passed_over) {
  if (one == nullptr || other == nullptr) return one == other;
  if (!one->is_object() || !other->is_object()) return *one == *other;
  const auto counts = [&](const Json::Object::value_type& member) {
    return std::ranges::find(passed_over, member.first) == passed_over.end();
  };
  const auto &left = one->as_object(), &right = other->as_object();
  auto l = std::ranges::find_if(left, counts), r = std::ranges::find_if(right, counts);
  while (l != left.end() && r != right.end()) {
    if (*l != *r) return false;
    l = std::find_if(std::next(l), left.end(), counts);
    r = std::find_if(std::next(r), right.end(), counts);
  }
  return l == left.end() && r == right.end();
}

}  // namespace gantry
