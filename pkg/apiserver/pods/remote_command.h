#pragma once
// The sub-protocols v4.channel.k8s.io and v5.channel.k8s.io: the first byte of a message is its
// channel. Source: k8s.io/client-go/tools/remotecommand/websocket.go.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/apiserver/request/request_info.h"
#include "pkg/base/status.h"
#include "pkg/guest/channel.h"

namespace gantry::apiserver {

inline constexpr char kStdin = 0;
inline constexpr char kStdout = 1;
inline constexpr char kStderr = 2;
inline constexpr char kError = 3;
inline constexpr char kResize = 4;
inline constexpr char kClose = '\xff';  // v5: the channel in the next byte has ended

// In order of preference; only v5 can tell the end of standard input.
inline constexpr const char* kV5 = "v5.channel.k8s.io";
inline constexpr const char* kV4 = "v4.channel.k8s.io";

struct ExecOptions {
  std::vector<std::string> command;
  bool has_stdin = false, has_stdout = false, has_stderr = false;
  bool has_terminal = false;  // all output is standard output then
};
// kInvalid: no command, another container than `main`.
Result<ExecOptions> read_exec_options(const RequestInfo& info);

// What a message of the resize channel says, {"Width":80,"Height":24}; nullopt for what says no
// size a terminal can have.
std::optional<guest::WindowSize> read_size(std::string_view payload);
std::string size_message(guest::WindowSize size);

// What the error channel says at the end: a metav1.Status, with the exit code where it is not 0.
std::string end_message(const Result<guest::Exit>& exit);

}  // namespace gantry::apiserver
