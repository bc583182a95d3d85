#include "controllers/app/bootstrap/compose_project.h"

#include "controllers/app/bootstrap/setup.h"

namespace gantry::controllers::app {
namespace {

constexpr const char* kText = "/compose.yaml";
constexpr const char* kOverlay = "/gantry.yaml";
constexpr const char* kEnvironment = "/app.env";

// What is added to the user's file: every service gets the App's environment.
std::string overlay_of(const std::vector<std::string>& services, const std::string& environment) {
  std::string text = "services:\n";
  for (const auto& service : services)
    text += "  \"" + service + "\":\n    env_file: [\"" + environment + "\"]\n";
  return text;
}

}  // namespace

std::string project_folder() {
  return std::string(kFolder) + "/project";
}

std::string payload_root() {
  return std::string(kFolder) + "/payload";
}

std::string payload_folder(const std::string& revision) {
  return payload_root() + "/" + revision;
}

std::vector<guest::File> payload_of(const ResolvedWorkload& workload) {
  const auto folder = payload_folder(workload.revision);
  return {
      small_file(folder + kText, workload.compose->text),
      small_file(folder + kOverlay, overlay_of(workload.compose->services, folder + kEnvironment)),
      small_file(folder + kEnvironment, workload.compose->environment)};
}

std::vector<std::string> compose(const ResolvedWorkload& workload,
                                 const std::vector<std::string>& words) {
  const auto folder = payload_folder(workload.revision);
  std::vector<std::string> argv = {"docker",
                                   "compose",
                                   "--ansi",
                                   "never",
                                   "--project-name",
                                   workload.compose->project,
                                   "--project-directory",
                                   project_folder(),
                                   "--env-file",
                                   folder + kEnvironment,
                                   "-f",
                                   folder + kText,
                                   "-f",
                                   folder + kOverlay};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

std::string environment_line(const std::string& name, const std::string& value) {
  std::string text = name + "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '$') text += '\\';
    text += c;
  }
  return text + "\"\n";
}

}  // namespace gantry::controllers::app
