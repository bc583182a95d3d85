#pragma once
// Sums: many questions in one command, to see whether anything has changed since.
#include <string>
#include <vector>

#include "pkg/guest/setup/guest.h"

namespace gantry::guest {

// Commands whose output stays the same as long as nothing changes, each as words.
using Questions = std::vector<std::vector<std::string>>;

// What the container answers to each group, as one sum of all output in it; empty when that
// cannot be told. Needs bash inside. One command, however many questions.
Async<std::vector<std::string>> sums_of(Guest guest, std::vector<Questions> groups,
                                        Duration timeout);

}  // namespace gantry::guest
