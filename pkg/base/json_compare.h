#pragma once
// Comparing Json in part, without a copy of it.
#include <initializer_list>
#include <string_view>

#include "pkg/base/json.h"

namespace gantry {

// Whether two objects have the same members, those named in `passed_over` left aside. nullptr is
// an object that is not there; what is no object is compared whole. O(size of the smaller).
bool same_but_for(const Json* one, const Json* other,
                  std::initializer_list<std::string_view> passed_over);

}  // namespace gantry
