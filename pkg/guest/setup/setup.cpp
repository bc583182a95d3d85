#include "pkg/guest/setup/setup.h"

#include "pkg/guest/setup/redact.h"

namespace gantry::guest {
namespace {

constexpr std::chrono::seconds kQuestion{30};
constexpr size_t kLineMax = 200;  // of output that is shown

}  // namespace

void Setup::begin(int number, int count, const std::string& step, bool disturbs) {
  progress_ = Progress{number, count, step, "", "", false, disturbs};
  deed_.clear();
}

void Setup::mend(const std::string& message, const std::string& code) {
  progress_.code = code;
  say(message, true);
  progress_.code.clear();
}

void Setup::say(const std::string& message, bool changes) {
  progress_.changes = changes && guest_.may_change().ok();
  progress_.message = redacted(message, secrets_);
  deed_ = changes ? progress_.message : "";
  progress_.output.clear();
  report_(progress_);
}

Status Setup::may_change() const {
  auto permit = guest_.may_change();
  return permit.ok() || deed_.empty() ? permit : annotate(std::move(permit), deed_);
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

Async<Status> Setup::change(std::vector<std::string> argv) {
  GANTRY_CO_TRY(may_change());
  const auto done = co_await must(std::move(argv));
  co_return done.status();
}

Async<Status> Setup::work(std::vector<std::string> argv, Patience patience) {
  GANTRY_CO_TRY(may_change());
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
  GANTRY_CO_TRY(may_change());
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
