#pragma once
// Guest: one container, as the bootstrap speaks to it.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/guest/channel.h"

namespace gantry::guest {

// How long work may take: as long as it is heard of, within reason.
struct Patience {
  Patience(Duration of_silence, Duration of_all = std::chrono::hours(2))
      : silence(of_silence), total(of_all) {}
  Duration silence, total;
};

// Whether anything may be changed inside now: OK, or Held with the reason. Asked before each
// change, for work may last minutes. An empty one allows everything.
using Permit = std::function<Status()>;

// Commands in one container over a channel. Remote errors of a command are the container's own
// answers; one that does not run is Locked, worth another look soon. Copies are cheap; channel and
// clock outlive it.
class Guest {
 public:
  Guest(guest::Channel& channel, guest::Target target, async::Clock& clock, Permit permit = {})
      : channel_(channel), target_(target), clock_(clock), permit_(std::move(permit)) {}

  // What the permit says.
  Status may_change() const { return permit_ ? permit_() : Status(); }
  // Runs to the end; a non-zero exit code is a result. Asks no permit: a question.
  Async<Result<guest::Exit>> run(std::vector<std::string> argv, Duration timeout);
  // For work that changes something and may take long: killed (Timeout) when it has written nothing
  // for `patience.silence`, or after `patience.total`. `heard` gets each line.
  Async<Result<guest::Exit>> follow(std::vector<std::string> argv, Patience patience,
                                    std::function<void(std::string)> heard);
  Async<Status> push(guest::File file);
  async::Clock& clock() const { return clock_; }

 private:
  guest::Channel& channel_;
  guest::Target target_;
  async::Clock& clock_;
  Permit permit_;
};

// Several words as a vector, for statements in which braces are not allowed.
template <class... Words>
std::vector<std::string> argv_of(Words... words) {
  return std::vector<std::string>({std::string(words)...});
}

// The last line that says something.
std::string last_line(const std::string& text);
// OK for exit code 0; else Remote "docker failed with exit code 1: the last line".
Status status_of(const std::string& name, const guest::Exit& exit);

}  // namespace gantry::guest
