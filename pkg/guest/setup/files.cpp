#include "pkg/guest/setup/files.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::guest {

Async<Result<bool>> is_same_file(Setup& setup, const File& file) {
  // One command for both: each costs a program on the node.
  const std::string look = "stat -c '%a %U %G' \"$1\" && sha256sum \"$1\"";
  auto said = co_await setup.ask(argv_of("sh", "-c", look, "look", file.path));
  if (!said.ok()) co_return said.status();
  const auto wanted = absl::StrFormat("%o %s %s\n%s", file.mode, file.owner, file.group,
                                      crypto::sha256_hex(file.content));
  co_return said->code == 0 && starts_with(said->out, wanted);
}

Async<Status> write_file(Setup& setup, const File& file) {
  setup.act("writing " + file.path);
  auto folder = file.path.substr(0, file.path.rfind('/'));
  if (!folder.empty()) GANTRY_CO_TRY(co_await setup.change(argv_of("mkdir", "-p", folder)));
  co_return co_await setup.push(file);
}

}  // namespace gantry::guest
