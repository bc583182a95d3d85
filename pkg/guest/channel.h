#pragma once
// guest::Channel: commands inside a container, through its node's `pct`.
// Drivers: pkg/guest/ssh (libssh) and the lab's own model (pkg/lab).
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/base/ids.h"
#include "pkg/base/time.h"
#include "pkg/guest/terminal.h"

namespace gantry::guest {

// Where: the node is looked up by the caller for each call (guests migrate).
struct Target {
  NodeName node;
  VmId vmid;
};

struct Command {
  std::vector<std::string> argv;  // run as is, no shell
  std::string stdin_text = {};
  Duration timeout = std::chrono::seconds(60);  // then the remote process is killed
  size_t output_max = 1 << 20;                  // bytes kept of each stream; the rest is dropped
  // Runs it at a terminal, which is its input (stdin_text is not read) and takes all its output,
  // as stdout. Leaving hangs up, as closing a window does.
  std::shared_ptr<Terminal> terminal = {};
};

struct Exit {
  int code = 0;
  std::string out;
  std::string err;
  bool truncated = false;
};

struct File {
  std::string path;  // absolute, inside the container
  std::string content;
  int mode = 0644;
  std::string owner = "root";
  std::string group = "root";
};

// Receives output as it comes: (is_stderr, piece).
using OutputSink = std::function<void(bool, std::string)>;

// Errors of every call: Transport (no node reached, host key unknown is TLS class), Auth,
// Permission (the forced command refused), NotFound (no such container on that node), Locked,
// Remote ("container not running" too: message says so), Timeout (the remote process was killed),
// Unsupported (no terminals there).
class Channel {
 public:
  virtual ~Channel() = default;
  // Runs a command to its end. A non-zero exit code is a result, not an error.
  virtual Async<Result<Exit>> exec(Target target, Command command, OutputSink sink) = 0;
  // Writes a file atomically (temporary file, then rename).
  virtual Async<Status> push(Target target, File file) = 0;
  // `pct unlock`: only for containers that carry our mark, or that are ours but unfinished: their
  // config holds only `lock: create` and `create_task`, which must have ended, is the task that
  // our row names. Empty for marked containers. The forced command checks both. An unfinished one
  // is removed with its disks: it is in no pool, so that the API's token could not.
  virtual Async<Status> unlock(Target target, Upid create_task) = 0;
  // The guests on that node, everybody's, running or not, whose configs name the bridge: an API
  // token sees only some. Unsupported where the node's gantry-shell is older than that.
  virtual Async<Result<std::vector<VmId>>> guests_on(NodeName node, std::string bridge);
};

// A sink that drops everything.
OutputSink no_output();

}  // namespace gantry::guest
