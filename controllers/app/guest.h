#pragma once
// Guest: one container, as the bootstrap speaks to it.
#include <string>
#include <vector>

#include "pkg/guest/channel.h"

namespace gantry::controllers::app {

// Commands in one container over a channel. Copies are cheap; the channel outlives it.
class Guest {
 public:
  Guest(guest::Channel& channel, guest::Target target) : channel_(channel), target_(target) {}

  // Runs to the end; a non-zero exit code is a result.
  Async<Result<guest::Exit>> run(std::vector<std::string> argv, Duration timeout);
  // The same, but a non-zero exit code is an error (Remote) that ends with the last output line.
  Async<Result<std::string>> must_run(std::vector<std::string> argv, Duration timeout);
  Async<Status> push(guest::File file);

 private:
  guest::Channel& channel_;
  guest::Target target_;
};

// Several words as a vector, for statements in which braces are not allowed.
template <class... Words>
std::vector<std::string> argv_of(Words... words) {
  return std::vector<std::string>({std::string(words)...});
}

// The last line that says something.
std::string last_line(const std::string& text);

}  // namespace gantry::controllers::app
