#include "controllers/app/guest.h"

#include "pkg/base/text.h"

namespace gantry::controllers::app {

Async<Result<guest::Exit>> Guest::run(std::vector<std::string> argv, Duration timeout) {
  guest::Command command;
  command.argv = std::move(argv);
  command.timeout = timeout;
  command.output_max = 64 << 10;
  co_return co_await channel_.exec(target_, std::move(command), guest::no_output());
}

Async<Result<std::string>> Guest::must_run(std::vector<std::string> argv, Duration timeout) {
  const std::string name = argv.front();
  auto exit = co_await run(std::move(argv), timeout);
  if (!exit.ok()) co_return exit.status();
  if (exit->code == 0) co_return std::move(exit->out);
  auto why = last_line(exit->err);
  if (why.empty()) why = last_line(exit->out);
  co_return error(ErrorClass::remote, "%s failed with exit code %d: %s", name, exit->code, why);
}

Async<Status> Guest::push(guest::File file) {
  co_return co_await channel_.push(target_, std::move(file));
}

std::string last_line(const std::string& text) {
  const auto lines = split(text, '\n');
  for (auto it = lines.rbegin(); it != lines.rend(); ++it)
    if (const auto line = trim(*it); !line.empty()) return std::string(line);
  return "";
}

}  // namespace gantry::controllers::app
