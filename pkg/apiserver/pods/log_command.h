#pragma once
// Which command answers pods/log.
#include <optional>
#include <string>
#include <vector>

#include "pkg/apiserver/request/request_info.h"
#include "pkg/base/json.h"
#include "pkg/base/time.h"

namespace gantry::apiserver {

// corev1.PodLogOptions, as far as they mean something here.
struct LogOptions {
  bool follow = false;
  bool timestamps = false;
  bool previous = false;  // of the boot before this one
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> limit_bytes;
  std::optional<Time> since;
};
// kInvalid with the parameter's name.
Result<LogOptions> read_log_options(const RequestInfo& info, Time now);

struct LogCommand {
  std::vector<std::string> argv;
  bool journal = true;  // its output is journalctl's JSON, a line an entry
};
// `app` is the App that the Machine is of; null for a bare Machine, whose whole journal is shown.
LogCommand log_command(const LogOptions& options, const Json* app);

// One entry of the journal as a line of text with its newline; with its time in front on demand.
// What is no JSON stays as it is.
std::string journal_line(const std::string& entry, bool timestamps);

}  // namespace gantry::apiserver
