#include "pkg/lab/lxc/guest_root.h"

#include <cstdio>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "pkg/base/text.h"

namespace gantry::lab::lxc {
namespace {

Fd open_in(const Fd& root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return Fd(static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how))));
}

Status write_all(const Fd& file, std::string_view content) {
  while (!content.empty()) {
    const auto count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("cannot write");
    content.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace

Result<GuestRoot> GuestRoot::open(const std::string& folder) {
  Fd root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.valid()) return os_error(folder);
  return GuestRoot(std::move(root));
}

Result<Fd> GuestRoot::folder(const std::string& path) const {
  std::string seen;
  for (const auto& part : split(path, '/')) {
    if (part.empty()) continue;
    const std::string parent = seen.empty() ? "." : seen;
    seen += "/" + part;
    if (open_in(root_, seen, O_PATH | O_DIRECTORY).valid()) continue;
    const Fd above = open_in(root_, parent, O_PATH | O_DIRECTORY);
    if (mkdirat(above.get(), part.c_str(), 0755) != 0) return os_error(seen);
    if (fchownat(above.get(), part.c_str(), kShift, kShift, AT_SYMLINK_NOFOLLOW) != 0)
      return os_error(seen);
  }
  Fd result = open_in(root_, seen.empty() ? "." : seen, O_PATH | O_DIRECTORY);
  if (!result.valid()) return os_error(path);
  return result;
}

Status GuestRoot::write(std::string_view path, std::string_view content) const {
  const auto slash = path.rfind('/');
  const std::string name(path.substr(slash + 1));
  GANTRY_TRY_ASSIGN(const Fd parent, folder(std::string(path.substr(0, slash))));
  const auto temporary = "." + name + ".gantry";
  unlinkat(parent.get(), temporary.c_str(), 0);
  const Fd file(openat(parent.get(), temporary.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return os_error(std::string(path));
  fchmod(file.get(), 0644);
  if (fchown(file.get(), kShift, kShift) != 0) return os_error(std::string(path));
  GANTRY_TRY(write_all(file, content));
  if (renameat(parent.get(), temporary.c_str(), parent.get(), name.c_str()) != 0)
    return os_error(std::string(path));
  return {};
}

}  // namespace gantry::lab::lxc
