#pragma once
// The words spoken with deploy/pve/gantry-shell, the forced command on a node. Pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/guest/channel.h"

namespace gantry::guest::ssh {

// The request lines, of a command also at its terminal; Invalid for what the protocol cannot carry
// (a zero byte, an empty command, a mode out of range, a relative path).
Result<std::string> exec_request(const Target& target, const Command& command);
Result<std::string> push_request(const Target& target, const File& file, Duration timeout);
Result<std::string> unlock_request(const Target& target, const Upid& create_task);
Result<std::string> guests_on_request(const std::string& bridge);
// What is answered: an id a line. Schema for anything else.
Result<std::vector<VmId>> read_guests_on(const std::string& out);

// How long a pushed file or an unlock may take.
inline constexpr auto kPushTimeout = std::chrono::minutes(2);
inline constexpr auto kUnlockTimeout = std::chrono::minutes(2);

// Separates the shell's last line from the command's own stderr as it streams by.
//
// The line is "\ngantry-v1 exit CODE\n" or "\ngantry-v1 error CLASS MESSAGE\n", the very last thing
// on stderr: whatever a command writes itself, ours comes after it. At a terminal, where all is one
// stream, it begins with a control sequence instead, so that no line of a dialogue is kept back.
class Trailer {
 public:
  explicit Trailer(bool at_terminal = false);
  // What of the stream so far surely is the command's; keeps back what may be the last line.
  std::string feed(std::string_view piece);
  // True while what was kept back looks like the last line, whole.
  bool is_complete() const;
  // Once the stream has ended: the exit code, or the error that gantry-shell reported; nullopt when
  // there is no such line. `rest` receives what was kept back and was the command's after all.
  std::optional<Result<int>> finish(std::string& rest);

 private:
  // The line behind the mark, without its end; nullopt while it is not whole.
  std::optional<std::string_view> line() const;

  std::string_view mark_;
  std::string kept_;
};

}  // namespace gantry::guest::ssh
