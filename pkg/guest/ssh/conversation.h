#pragma once
// One request to gantry-shell over an open session.
#include <memory>
#include <string>

#include "pkg/guest/channel.h"
#include "pkg/guest/ssh/session.h"

namespace gantry::guest::ssh {

// Tells a conversation on another thread to end; thread-safe, and may be set before it begins.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  void set();
  int fd() const { return fd_; }  // readable once set

 private:
  int fd_;
};

struct Request {
  std::string line;  // protocol.h
  std::string stdin_text;
  Duration timeout;  // gantry-shell's; we wait a little longer
  size_t output_max = 1 << 20;
  OutputSink sink;                     // called on this thread
  std::shared_ptr<Terminal> terminal;  // instead of stdin_text
};

// Opens a channel for one command. Transport when the session is broken: nothing was sent then.
Result<ChannelHandle> open_channel(ssh_session session);

// Blocks until the answer is complete. Permission, NotFound, Locked, Invalid and Remote are
// gantry-shell's; Timeout: it killed the command, or fell silent; Transport: the connection broke,
// the effect is unknown; Cancelled after stop. Leaving early closes the channel, and gantry-shell
// then kills the command. Unsupported: sshd gives our key no terminal.
Result<Exit> converse(ssh_session session, ssh_channel channel, const Request& request,
                      const StopSignal& stop);

}  // namespace gantry::guest::ssh
