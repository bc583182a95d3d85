#pragma once
// GuestRoot: a container's root file system, entered from outside without being led astray.
#include <string>
#include <string_view>

#include "pkg/lab/lxc/fd.h"

namespace gantry::lab::lxc {

// The host's id of the containers' root: every container of the lab has the map 0 → 100000, 65536
// ids long.
constexpr int kShift = 100000;
constexpr int kIdCount = 65536;

// The container's own root may plant links that point out of it. Every path here is resolved by the
// kernel as if the folder were "/" (openat2 RESOLVE_IN_ROOT), so nothing outside is ever touched.
class GuestRoot {
 public:
  // NotFound when there is no such folder.
  static Result<GuestRoot> open(const std::string& folder);

  // Replaces a file atomically; makes missing parents. Owned by the container's root, mode 0644.
  Status write(std::string_view path, std::string_view content) const;

 private:
  explicit GuestRoot(Fd root) : root_(std::move(root)) {}
  Result<Fd> folder(const std::string& path) const;
  Fd root_;
};

}  // namespace gantry::lab::lxc
