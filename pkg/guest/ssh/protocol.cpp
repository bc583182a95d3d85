#include "pkg/guest/ssh/protocol.h"

#include <array>

#include "pkg/base/text.h"

namespace gantry::guest::ssh {
namespace {

constexpr std::string_view kMark = "\ngantry-v1 ";
// An application's own control sequence, which terminals do not show.
constexpr std::string_view kTerminalMark = "\x1b_gantry-v1 ";
constexpr size_t kLineMax = 4096;  // of the last line; longer ones are cut by gantry-shell's caller

Result<std::string> word(const std::string& text) {
  if (text.find('\0') != std::string::npos)
    return invalid("an argument of a command holds a zero byte");
  return " b:" + base64_encode(text);
}

int64_t seconds_of(Duration timeout) {
  return std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(timeout).count());
}

std::optional<ErrorClass> class_of(std::string_view name) {
  constexpr std::array kReported = {
      ErrorClass::permission, ErrorClass::not_found, ErrorClass::locked,  ErrorClass::invalid,
      ErrorClass::remote,     ErrorClass::timeout,   ErrorClass::internal};
  for (const auto each : kReported)
    if (to_string(each) == name) return each;
  return std::nullopt;
}

// "exit 7" or "error Class message".
std::optional<Result<int>> read_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto kind = line.substr(0, space);
  const auto rest = line.substr(space + 1);
  if (kind == "exit") {
    const auto code = parse_integer(rest);
    if (!code || *code < 0 || *code > 255) return std::nullopt;
    return Result<int>(static_cast<int>(*code));
  }
  if (kind != "error") return std::nullopt;
  const auto end = std::min(rest.find(' '), rest.size());
  const auto error = class_of(rest.substr(0, end));
  if (!error) return std::nullopt;
  return Result<int>(make_error(*error, trim(rest.substr(end))));
}

}  // namespace

Result<std::string> exec_request(const Target& target, const Command& command) {
  if (command.argv.empty()) return invalid("no command given");
  auto request =
      absl::StrFormat("gantry-v1 exec %d %d %s", target.vmid.get(), seconds_of(command.timeout),
                      command.terminal ? "terminal" : std::to_string(command.stdin_text.size()));
  for (const auto& argument : command.argv) {
    GANTRY_TRY_ASSIGN(const auto encoded, word(argument));
    request += encoded;
  }
  return request;
}

Result<std::string> push_request(const Target& target, const File& file, Duration timeout) {
  if (file.mode < 0 || file.mode > 07777) return invalid("%s: mode is out of range", file.path);
  if (file.path.empty() || file.path.front() != '/')
    return invalid("%s: the path of a file to push is absolute", file.path);
  auto request = absl::StrFormat("gantry-v1 push %d %d %d %04o", target.vmid.get(),
                                 seconds_of(timeout), file.content.size(), file.mode);
  for (const auto* text : {&file.owner, &file.group, &file.path}) {
    GANTRY_TRY_ASSIGN(const auto encoded, word(*text));
    request += encoded;
  }
  return request;
}

Result<std::string> unlock_request(const Target& target, const Upid& create_task) {
  const auto request = absl::StrFormat("gantry-v1 unlock %d", target.vmid.get());
  if (create_task.get().empty()) return request;
  if (create_task.get().find_first_of(" \n") != std::string::npos)
    return invalid("%s is no task", create_task.get());
  return request + " " + create_task.get();
}

Result<std::string> guests_on_request(const std::string& bridge) {
  if (bridge.empty() || bridge.find_first_of(" \n") != std::string::npos)
    return invalid("'%s' is no bridge", bridge);
  return "gantry-v1 guests-on " + bridge;
}

Result<std::vector<VmId>> read_guests_on(const std::string& out) {
  std::vector<VmId> guests;
  for (const auto& line : split(out, '\n')) {
    if (trim(line).empty()) continue;
    const auto id = parse_integer(trim(line));
    if (!id) return error(ErrorClass::schema, "'%s' is no guest's id", line);
    guests.emplace_back(*id);
  }
  return guests;
}

Trailer::Trailer(bool at_terminal) : mark_(at_terminal ? kTerminalMark : kMark) {}

std::string Trailer::feed(std::string_view piece) {
  kept_ += piece;
  // The last line can begin no earlier than here.
  size_t keep_from = kept_.size() > kLineMax ? kept_.size() - kLineMax : 0;
  // A line that has begun before and is followed by more is the command's own, unless more is ours.
  const auto mark = kept_.rfind(mark_);
  if (mark != std::string::npos) {
    keep_from = std::max(keep_from, mark);
  } else {
    // Perhaps only the beginning of the mark has arrived.
    size_t overlap = std::min(mark_.size() - 1, kept_.size());
    while (overlap > 0 && !kept_.ends_with(mark_.substr(0, overlap))) --overlap;
    keep_from = std::max(keep_from, kept_.size() - overlap);
  }
  auto sure = kept_.substr(0, keep_from);
  kept_.erase(0, keep_from);
  return sure;
}

std::optional<std::string_view> Trailer::line() const {
  const auto mark = kept_.rfind(mark_);
  if (mark == std::string::npos || !kept_.ends_with('\n')) return std::nullopt;
  auto line = std::string_view(kept_).substr(mark + mark_.size());
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);  // a terminal's
  return line;
}

bool Trailer::is_complete() const {
  const auto last = line();
  return last && read_line(*last);
}

std::optional<Result<int>> Trailer::finish(std::string& rest) {
  const auto last = line();
  auto outcome = last ? read_line(*last) : std::nullopt;
  rest = outcome ? kept_.substr(0, kept_.rfind(mark_)) : kept_;
  kept_.clear();
  return outcome;
}

}  // namespace gantry::guest::ssh
