#include "cmd/gantry-lab/control_command.h"

#include <iostream>
#include <map>
#include <optional>

#include "pkg/base/text.h"
#include "pkg/lab/control/client.h"
#include "pkg/lab/lxc/instance.h"
#include "pkg/schema/json.h"

namespace gantry::labd {
namespace {

// How a verb's words become arguments: a key each; "+key" for a number, "?key" for yes or no,
// "@key" for what a file holds; what follows "[" may be left out.
const std::map<std::string, std::vector<std::string>>& verbs() {
  static const std::map<std::string, std::vector<std::string>> all = {
      {"guests", {}},
      {"volumes", {}},
      {"tasks", {}},
      {"guest", {"+vmid"}},
      {"start", {"+vmid"}},
      {"stop", {"+vmid"}},
      {"discard", {"+vmid"}},
      {"kill", {"+vmid"}},
      {"crash", {"+vmid"}},
      {"destroy", {"+vmid"}},
      {"edit", {"+vmid", "key", "[", "value"}},
      {"lock", {"+vmid", "[", "lock"}},
      {"pool", {"+vmid", "[", "pool"}},
      {"migrate", {"+vmid", "node"}},
      {"copy", {"+source", "+target"}},
      {"put", {"+vmid", "node", "hostname"}},
      {"node", {"name", "?online"}},
      {"daemon", {"name", "?running"}},
      {"quorum", {"?quorate"}},
      {"fill", {"storage", "+bytes"}},
      {"mask", {"user", "privilege", "?masked"}},
      {"kill-task", {"upid"}},
      {"faults", {"[", "@profile"}},
      {"fault", {"fault", "[", "method", "path", "+times"}},
      {"task-fault", {"fault", "[", "type", "+times"}},
      {"get", {"path"}}};
  return all;
}

// nullopt: the word is none of that kind.
std::optional<Json> value_of(char kind, const std::string& word) {
  if (kind == '+') {
    const auto number = parse_integer(word);
    return number ? std::optional<Json>(*number) : std::nullopt;
  }
  if (kind == '@') {
    const auto text = lab::lxc::read_file(word);
    return text.ok() ? std::optional<Json>(*text) : std::nullopt;
  }
  if (kind != '?') return Json(word);
  if (word == "yes" || word == "online" || word == "on") return Json(true);
  if (word == "no" || word == "offline" || word == "off") return Json(false);
  return std::nullopt;
}

Result<Json> arguments_of(const std::vector<std::string>& words) {
  if (words.empty()) return invalid("which verb?\n%s", kControlHelp);
  const auto verb = verbs().find(words.front());
  if (verb == verbs().end()) return invalid("%s: no such verb\n%s", words.front(), kControlHelp);
  Json arguments = Json::object();
  size_t at = 1;
  bool optional = false;
  for (const auto& key : verb->second) {
    if (key == "[") {
      optional = true;
      continue;
    }
    const auto name = key.substr(key.find_first_not_of("+?@"));
    if (at == words.size() && optional) break;
    if (at == words.size()) return invalid("%s: %s is missing", words.front(), name);
    auto value = value_of(key.front(), words[at]);
    if (!value) return invalid("%s: %s cannot be %s", words.front(), name, words[at]);
    arguments.set(name, *std::move(value));
    ++at;
  }
  if (at < words.size()) return invalid("%s: %s is too much", words.front(), words[at]);
  return arguments;
}

}  // namespace

int run_control(const std::string& state, const std::vector<std::string>& words) {
  const auto arguments = arguments_of(words);
  if (!arguments.ok()) {
    std::cerr << "gantry-lab control: " << message_of(arguments.status()) << "\n";
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
