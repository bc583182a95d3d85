#include "controllers/app/bootstrap/restart.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

// The newest request that was seen, and a line for each thing that ran then.
constexpr const char* kRequestFile = "/var/lib/gantry/restart";

Async<Result<std::vector<std::string>>> lines_of(Setup& setup, const char* path) {
  auto read = co_await setup.ask(argv_of("cat", path));
  if (!read.ok()) co_return read.status();
  std::vector<std::string> lines;
  for (const auto& line : split(read->code == 0 ? read->out : "", '\n'))
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  co_return lines;
}

Async<Status> note(Setup& setup, const std::vector<std::string>& running) {
  auto lines = running;
  lines.insert(lines.begin(), setup.workload().restart);
  const auto file = small_file(kRequestFile, join(lines, "\n") + "\n");
  co_return co_await setup.push(file);
}

}  // namespace

Async<Result<bool>> is_restart_asked(Setup& setup, std::vector<std::string> running) {
  const auto& wanted = setup.workload().restart;
  if (wanted.empty()) co_return false;
  GANTRY_CO_TRY_ASSIGN(auto noted, co_await lines_of(setup, kRequestFile));
  // RFC 3339 in UTC sorts as time does. A request older than that, of an earlier revision, is over.
  if (noted.empty() || noted.front() < wanted) {
    GANTRY_CO_TRY_ASSIGN(const auto before, co_await lines_of(setup, kRevisionFile));
    if (before.empty()) running.clear();
    GANTRY_CO_TRY(co_await note(setup, running));
    co_return !running.empty();
  }
  if (noted.front() != wanted) co_return false;
  co_return std::ranges::any_of(noted.begin() + 1, noted.end(), [&running](const auto& id) {
    return std::ranges::find(running, id) != running.end();
  });
}

Async<Status> note_restart_given(Setup& setup) {
  const std::vector<std::string> nothing;
  co_return co_await note(setup, nothing);
}

}  // namespace gantry::controllers::app
