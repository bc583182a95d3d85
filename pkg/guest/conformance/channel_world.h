#pragma once
// ChannelWorld: what channel_suite.h needs of a driver.
#include <string>

#include "pkg/guest/channel.h"

namespace gantry::guest {

// A world for one test: containers with a POSIX shell and coreutils, and a channel to them.
class ChannelWorld {
 public:
  virtual ~ChannelWorld() = default;
  virtual Channel& channel() = 0;
  virtual Target running() = 0;  // carries our mark
  virtual Target stopped() = 0;  // carries our mark
  virtual Target foreign() = 0;  // runs, carries no mark
  virtual Target absent() = 0;
  // A container with our mark and a config lock; and whether it still has one.
  virtual Target locked() = 0;
  virtual bool is_locked() = 0;
  // A folder inside running() where files may be made.
  virtual std::string folder() = 0;
};

}  // namespace gantry::guest
