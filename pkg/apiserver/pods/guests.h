#pragma once
// Guests: the way to a Machine's container.
#include <functional>
#include <memory>

#include "pkg/base/json.h"
#include "pkg/guest/channel.h"

namespace gantry::apiserver {

struct GuestDoor {
  std::shared_ptr<const void> keeps;  // what the channel belongs to, for as long as it is used
  guest::Channel* channel = nullptr;
  guest::Target target;
};

// Where the container of a Machine is now. Errors say what is missing: no such class, the cluster
// is not connected, no command channel, not seen running. Does not block.
using FindGuest = std::function<Result<GuestDoor>(const Json& machine)>;

}  // namespace gantry::apiserver
