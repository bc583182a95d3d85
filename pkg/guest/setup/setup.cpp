#include "pkg/guest/setup/setup.h"

#include "pkg/guest/setup/redact.h"

namespace gantry::guest {
namespace {

constexpr std::chrono::seconds kQuestion{30};
constexpr size_t kLineMax = 200;  // of output that is shown

}  // namespace

void Setup::begin(int number, int count, const std::string& step, bool disturbs) {
  progress_ = Progress{number, count, step, "", "", false, disturbs};
}

void Setup::mend(const std::string& message, const std::string& code) {
  progress_.code = code;
  say(message, true);
  progress_.code.clear();
}

void Setup::say(const std::string& message, bool changes) {
  progress_.changes = changes;
  progress_.message = redacted(message, secrets_);
  progress_.output.clear();
  report_(progress_);
}

Result<guest::Exit> Setup::clean(Result<guest::Exit> exit) const {
  if (!exit.ok()) return exit;
  exit->out = redacted(std::move(exit->out), secrets_);
  exit->err = redacted(std::move(exit->err), secrets_);
  return exit;
}

Async<Result<guest::Exit>> Setup::ask(std::vector<std::string> argv) {
  auto exit = co_await guest_.run(std::move(argv), kQuestion);
  co_return clean(std::move(exit));
}

Async<Result<bool>> Setup::is_so(std::vector<std::string> argv) {
  const auto exit = co_await guest_.run(std::move(argv), kQuestion);
  if (!exit.ok()) co_return exit.status();
  co_return exit->code == 0;
}

Async<Result<std::string>> Setup::must(std::vector<std::string> argv) {
  const std::string name = argv.front();
  auto exit = co_await ask(std::move(argv));
  if (!exit.ok()) co_return exit.status();
  GANTRY_CO_TRY(status_of(name, *exit));
  co_return std::move(exit->out);
}

Async<Status> Setup::work(std::vector<std::string> argv, Patience patience) {
  const std::string name = argv.front();
  auto heard = [this](const std::string& line) {
    progress_.output = redacted(line, secrets_).substr(0, kLineMax);
    report_(progress_);
  };
  std::function<void(std::string)> listener = std::move(heard);
  auto exit = clean(co_await guest_.follow(std::move(argv), patience, std::move(listener)));
  if (!exit.ok()) co_return exit.status();
  co_return status_of(name, *exit);
}

Async<Status> Setup::push(guest::File file) {
  co_return co_await guest_.push(std::move(file));
}

guest::File small_file(const std::string& path, const std::string& content) {
  guest::File file;
  file.path = path;
  file.content = content;
  file.mode = 0600;
  return file;
}

}  // namespace gantry::guest
