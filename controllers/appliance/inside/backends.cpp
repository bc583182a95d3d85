// What stands behind the proxy, as it answers from here: an App that says it is well may still be
// out of the proxy's reach.
#include <set>

#include "controllers/appliance/inside/parts.h"
#include "pkg/base/text.h"

namespace gantry::controllers::appliance {
namespace {

using guest::argv_of;

// A line for each: "NUMBER EXIT-CODE SECONDS-TO-CONNECT".
constexpr const char* kFormat = "%{urlnum} %{exitcode} %{time_connect}\n";
constexpr int kNoAnswer = 28;  // curl's EXIT CODES

std::vector<std::string> backends_of(const Wanted& wanted) {
  std::set<std::string> all;
  for (const auto& route : wanted.routes)
    all.insert(route.upstreams.begin(), route.upstreams.end());
  return {all.begin(), all.end()};
}

// All at once, in one command: they wait for each other's time only.
std::vector<std::string> knock(const std::vector<std::string>& backends) {
  auto argv = argv_of("curl", "-s", "-I", "-Z", "--parallel-max", "100", "--connect-timeout", "3",
                      "--max-time", "5", "-w", kFormat);
  for (const auto& backend : backends) {
    for (const char* word : {"-o", "/dev/null"}) argv.emplace_back(word);
    argv.push_back("http://" + backend + "/");
  }
  return argv;
}

// Whether it took the connection; what it says over it is between it and its users.
std::string why_not(const std::vector<std::string>& fields) {
  const bool connected = fields[2].find_first_of("123456789") != std::string::npos;
  const auto code = parse_integer(fields[1]).value_or(0);
  if (connected || code == 0) return "";
  return code == kNoAnswer ? "does not answer" : "refuses the connection";
}

}  // namespace

Async<Status> ask_backends(Turn turn) {
  const auto backends = backends_of(turn.wanted);
  if (!turn.wanted.network.proxy || backends.empty()) co_return Status();
  // Its exit code is that of one of them.
  auto answer = co_await turn.setup.ask(knock(backends));
  if (!answer.ok()) co_return answer.status();
  for (const auto& line : split(answer->out, '\n')) {
    const auto fields = split(line, ' ');
    const auto number = parse_integer(fields.front());
    if (fields.size() != 3 || !number || *number < 0) continue;
    const auto at = static_cast<size_t>(*number);
    if (at >= backends.size()) continue;
    const auto why = why_not(fields);
    if (!why.empty()) turn.findings.refusing[backends[at]] = why;
  }
  co_return Status();
}

}  // namespace gantry::controllers::appliance
