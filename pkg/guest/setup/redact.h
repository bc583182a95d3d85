#pragma once
// Redaction: what containers say may hold secrets that they were given.
#include <string>
#include <vector>

namespace gantry::guest {

// `text` with every secret replaced by "***". A secret of several lines is looked for line by line;
// values and lines of less than four characters are left: they say nothing, and are everywhere.
std::string redacted(std::string text, const std::vector<std::string>& secrets);

}  // namespace gantry::guest
