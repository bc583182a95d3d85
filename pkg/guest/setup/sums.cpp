#include "pkg/guest/setup/sums.h"

#include "pkg/base/text.h"

namespace gantry::guest {
namespace {

// The questions are its arguments, never a part of it: of each group how many words it has, and of
// each command in it how many words that has.
constexpr const char* kScript = R"(i=1
while (( i <= $# )); do
  n=${!i}
  group=("${@:i+1:n}")
  (( i += n + 1 ))
  for (( j = 0; j < n; j += group[j] + 1 )); do
    "${group[@]:j+1:group[j]}"
  done 2>&1 | sha256sum
done
)";

std::vector<std::string> argv_for(const std::vector<Questions>& groups) {
  auto argv = argv_of("bash", "-c", kScript, "sums");
  for (const auto& group : groups) {
    std::vector<std::string> words;
    for (const auto& question : group) {
      words.push_back(std::to_string(question.size()));
      words.insert(words.end(), question.begin(), question.end());
    }
    argv.push_back(std::to_string(words.size()));
    argv.insert(argv.end(), words.begin(), words.end());
  }
  return argv;
}

}  // namespace

Async<std::vector<std::string>> sums_of(Guest guest, std::vector<Questions> groups,
                                        Duration timeout) {
  std::vector<std::string> unknown;
  const auto exit = co_await guest.run(argv_for(groups), timeout);
  if (!exit.ok() || exit->code != 0) co_return unknown;
  auto sums = split(trim(exit->out), '\n');
  co_return sums.size() == groups.size() ? sums : unknown;
}

}  // namespace gantry::guest
