#pragma once
// Waiting until something is so, and what was last seen when it did not come.
#include <functional>
#include <string>

#include "cmd/gantryctl/session.h"

namespace gantry::ctl {

// What is still missing, in words; empty: nothing is.
using Look = std::function<Async<Result<std::string>>()>;
// Looks twice a second until nothing is missing. A refusal that says what was, once the time is up;
// the error of a look ends the wait, unless gantryd is away for a while.
Async<Status> wait_until(Session& session, std::string label, Look look, Duration timeout);

// Who has been answered waits for a gantryd that is started again; who never was, asks in vain.
class Patience {
 public:
  explicit Patience(Session& session, bool answered = false)
      : session_(session), answered_(answered) {}
  // Of each look. True: it failed because nobody is there who can serve, and may be tried again.
  bool bears(const Status& look);

 private:
  Session& session_;
  bool answered_;
  bool away_ = false;
};

// Whether the condition says so about the object's present generation.
bool has_condition(const Json& object, const std::string& type, const std::string& status);
// "Ready is False, Starting: why".
std::string condition_text(const Json& object, const std::string& type);
// What is missing until the object is as its spec says. An error once its update was rolled back.
Async<Result<std::string>> look_for_ready(Session& session, Where where);
// Of the spec, as it is now.
int64_t generation_of(const Json& object);

}  // namespace gantry::ctl
