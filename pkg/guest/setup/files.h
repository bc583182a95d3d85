#pragma once
// Files of ours inside a container.
#include "pkg/guest/setup/setup.h"

namespace gantry::guest {

// Whether it is there with that content, mode and owner. `file` outlives the call.
Async<Result<bool>> is_same_file(Setup& setup, const File& file);
// Writes it atomically, with its folder.
Async<Status> write_file(Setup& setup, const File& file);

}  // namespace gantry::guest
