#include "pkg/guest/setup/files.h"

#include "controllers/appliance/inside/parts.h"

namespace gantry::controllers::appliance {
namespace {

std::string path_of(const std::string& note) {
  return std::string(guest::kFolder) + "/" + note;
}

}  // namespace

void ask_files(Questions& questions, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    questions.push_back(guest::argv_of("stat", "-c", "%a %U %G", path));
    questions.push_back(guest::argv_of("sha256sum", path));
  }
}

Async<Result<bool>> ensure_file(guest::Setup& setup, guest::File file) {
  GANTRY_CO_TRY_ASSIGN(const bool same, co_await guest::is_same_file(setup, file));
  if (same) co_return false;
  GANTRY_CO_TRY(co_await guest::write_file(setup, file));
  co_return true;
}

Async<Status> leave_note(guest::Setup& setup, std::string note) {
  const auto file = guest::small_file(path_of(note), "files changed\n");
  co_return co_await setup.push(file);
}

Async<Result<bool>> has_note(guest::Setup& setup, std::string note) {
  co_return co_await setup.is_so(guest::argv_of("test", "-e", path_of(note)));
}

Async<Status> drop_note(guest::Setup& setup, std::string note) {
  co_return co_await setup.change(guest::argv_of("rm", "-f", path_of(note)));
}

}  // namespace gantry::controllers::appliance
