#pragma once
// Parameter checks, worded as the real server words them.
// Source: pve-common PVE/JSONSchema.pm (validate, check_prop, the registered formats).
#include <optional>
#include <string>

#include "pkg/lab/call.h"
#include "pkg/lab/schema.h"

namespace gantry::lab {

// All that is wrong at once, as the server says it; nullopt when nothing is.
Refusal check_parameters(const CallSchema& schema, const Params& params, bool modern);
// What is wrong with one value, or nullopt.
std::optional<std::string> check_value(const Parameter& parameter, const std::string& name,
                                       const std::string& value, bool modern);
// The error of a registered format ("value does not look like …\n"), or nullopt; also for formats
// that are not checked here.
std::optional<std::string> check_format(const std::string& format, const std::string& name,
                                        const std::string& value, bool modern);
// The parts of a list, parted by commas, semicolons, spaces or zeros (PVE::Tools::split_list).
std::vector<std::string> list_of(std::string text);

}  // namespace gantry::lab
