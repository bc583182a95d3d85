#include "cmd/gantry-lab/control_command.h"

#include <iostream>
#include <map>
#include <optional>

#include "pkg/base/text.h"
#include "pkg/lab/control/client.h"
#include "pkg/schema/json.h"

namespace gantry::labd {
namespace {

// How a verb's words become arguments: a key each; "+key" for a number, "?key" for yes or no.
const std::map<std::string, std::vector<std::string>>& verbs() {
  static const std::map<std::string, std::vector<std::string>> all = {
      {"guests", {}},
      {"volumes", {}},
      {"tasks", {}},
      {"guest", {"+vmid"}},
      {"start", {"+vmid"}},
      {"stop", {"+vmid"}},
      {"crash", {"+vmid"}},
      {"destroy", {"+vmid"}},
      {"edit", {"+vmid", "key", "value"}},
      {"lock", {"+vmid", "lock"}},
      {"pool", {"+vmid", "pool"}},
      {"migrate", {"+vmid", "node"}},
      {"copy", {"+source", "+target"}},
      {"node", {"name", "?online"}},
      {"quorum", {"?quorate"}},
      {"fill", {"storage", "+bytes"}},
      {"mask", {"user", "privilege", "?masked"}},
      {"kill-task", {"upid"}},
      {"get", {"path"}}};
  return all;
}

std::optional<Json> value_of(char kind, const std::string& word) {
  if (kind == '+') {
    const auto number = parse_integer(word);
    if (!number) return std::nullopt;
    return Json(*number);
  }
  if (kind != '?') return Json(word);
  if (word == "yes" || word == "online") return Json(true);
  if (word == "no" || word == "offline") return Json(false);
  return std::nullopt;
}

std::optional<Json> arguments_of(const std::vector<std::string>& words) {
  const auto verb = verbs().find(words.front());
  if (verb == verbs().end() || verb->second.size() != words.size() - 1) return std::nullopt;
  Json arguments = Json::object();
  for (size_t i = 1; i < words.size(); ++i) {
    const auto& key = verb->second[i - 1];
    auto value = value_of(key.front(), words[i]);
    if (!value) return std::nullopt;
    arguments.set(key.substr(key.find_first_not_of("+?")), *std::move(value));
  }
  return arguments;
}

}  // namespace

int run_control(const std::string& state, const std::vector<std::string>& words) {
  const auto arguments = words.empty() ? std::nullopt : arguments_of(words);
  if (!arguments) {
    std::cerr << kControlHelp << "\n";
    return 2;
  }
  const auto running = lab::find_lab(state);
  const auto answer = running.ok() ? lab::control(*running, words.front(), *arguments)
                                   : Result<Json>(running.status());
  if (!answer.ok()) {
    std::cerr << "gantry-lab: " << message_of(answer.status()) << "\n";
    return 1;
  }
  std::cout << schema::to_json(*answer) << "\n";
  return 0;
}

}  // namespace gantry::labd
