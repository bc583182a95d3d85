#pragma once
// Words: what objects say of themselves, for the verdict.
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace gantry::sim {

// nullptr when there is none of this type.
const Json* find_condition(const Json& object, const std::string& type);
// "Ready: Progressing: 1 of 2 replicas are ready".
std::string words_of(const Json& condition);
bool is_true(const Json* condition);
void add(std::vector<std::string>& all, std::vector<std::string> more);

}  // namespace gantry::sim
