#include "pkg/guest/setup/guest.h"

#include "pkg/async/deadline.h"
#include "pkg/base/text.h"

namespace gantry::guest {
namespace {

constexpr size_t kOutputMax = 64 << 10;

// Cuts what comes in pieces into lines.
class Lines {
 public:
  explicit Lines(std::function<void(std::string)> heard) : heard_(std::move(heard)) {}
  void add(const std::string& piece) {
    rest_ += piece;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      const auto line = trim(std::string_view(rest_).substr(0, end));
      if (!line.empty()) heard_(std::string(line));
      rest_.erase(0, end + 1);
    }
    if (rest_.size() > kOutputMax) rest_.clear();
  }

 private:
  std::function<void(std::string)> heard_;
  std::string rest_;
};

// The channel's own Remote is a container that does not run: nothing that it has answered.
Result<guest::Exit> answered(Result<guest::Exit> exit) {
  if (exit.ok() || error_class(exit.status()) != ErrorClass::remote) return exit;
  return make_error(ErrorClass::locked, message_of(exit.status()));
}

guest::Command command_of(std::vector<std::string> argv, Duration timeout) {
  guest::Command command;
  command.argv = std::move(argv);
  command.timeout = timeout;
  command.output_max = kOutputMax;
  return command;
}

}  // namespace

Async<Result<guest::Exit>> Guest::run(std::vector<std::string> argv, Duration timeout) {
  auto command = command_of(std::move(argv), timeout);
  auto exit = co_await channel_.exec(target_, std::move(command), guest::no_output());
  co_return answered(std::move(exit));
}

Async<Result<guest::Exit>> Guest::follow(std::vector<std::string> argv, Patience patience,
                                         std::function<void(std::string)> heard) {
  GANTRY_CO_TRY(may_change());
  const std::string name = argv.front();
  auto command = command_of(std::move(argv), patience.total);
  async::Heartbeat heart(clock_);
  Lines lines(std::move(heard));
  guest::OutputSink sink = [&heart, &lines](bool, const std::string& piece) {
    heart.beat();
    lines.add(piece);
  };
  auto running = channel_.exec(target_, std::move(command), std::move(sink));
  auto exit =
      co_await async::with_heartbeat(clock_, heart, patience.silence, name, std::move(running));
  co_return answered(std::move(exit));
}

Async<Status> Guest::push(guest::File file) {
  GANTRY_CO_TRY(may_change());
  co_return co_await channel_.push(target_, std::move(file));
}

std::string last_line(const std::string& text) {
  const auto lines = split(text, '\n');
  for (auto it = lines.rbegin(); it != lines.rend(); ++it)
    if (!trim(*it).empty()) return std::string(trim(*it));
  return "";
}

Status status_of(const std::string& name, const guest::Exit& exit) {
  if (exit.code == 0) return {};
  auto why = last_line(exit.err);
  if (why.empty()) why = last_line(exit.out);
  return error(ErrorClass::remote, "%s failed with exit code %d: %s", name, exit.code, why);
}

}  // namespace gantry::guest
