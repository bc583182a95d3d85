#pragma once
// When and where this package's tests take place.
#include "pkg/base/ids.h"
#include "pkg/base/time.h"

namespace gantry::controllers::machine {

inline const Time kNow = from_unix_seconds(1'800'000'000);
inline const NodeName kNode("pve1");

}  // namespace gantry::controllers::machine
