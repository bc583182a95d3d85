#include "pkg/guest/setup/files.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::guest {

Async<Result<bool>> is_same_file(Setup& setup, const File& file) {
  auto stat = co_await setup.ask(argv_of("stat", "-c", "%a %U %G", file.path));
  if (!stat.ok()) co_return stat.status();
  const auto wanted = absl::StrFormat("%o %s %s", file.mode, file.owner, file.group);
  if (stat->code != 0 || trim(stat->out) != wanted) co_return false;
  auto sum = co_await setup.ask(argv_of("sha256sum", file.path));
  if (!sum.ok()) co_return sum.status();
  co_return sum->code == 0 && starts_with(sum->out, crypto::sha256_hex(file.content));
}

Async<Status> write_file(Setup& setup, const File& file) {
  setup.act("writing " + file.path);
  auto folder = file.path.substr(0, file.path.rfind('/'));
  if (!folder.empty()) {
    const auto made = co_await setup.must(argv_of("mkdir", "-p", folder));
    if (!made.ok()) co_return made.status();
  }
  co_return co_await setup.push(file);
}

}  // namespace gantry::guest
