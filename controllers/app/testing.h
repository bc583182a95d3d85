#pragma once
// When this package's tests take place.
#include "pkg/base/time.h"

namespace gantry::controllers::app {

inline const Time kNow = from_unix_seconds(1'800'000'000);  // 2027-01-15T08:00:00Z

}  // namespace gantry::controllers::app
