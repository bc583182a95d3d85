#include "pkg/lab/control/pct.h"

#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>

#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/lab/lxc/containers.h"
#include "pkg/lab/lxc/inspection.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

using Arguments = std::vector<std::string>;

constexpr int kFailed = 255;
constexpr int kNoConfig = 2;

void put(int file, std::string_view text) {
  while (!text.empty()) {
    const auto count = write(file, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}
int fail(const std::string& message, int code = kFailed) {
  put(STDERR_FILENO, message + "\n");
  return code;
}
int usage() {
  return fail("400 Parameter verification failed.\nusage: pct <COMMAND> [ARGS] [OPTIONS]");
}
int fail(const Status& status) {
  const auto text = message_of(status);
  // pct reads the file itself: the one failure with a code of its own.
  return fail(text, error_class(status) == ErrorClass::not_found ? kNoConfig : kFailed);
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 65536> buffer{};
  ssize_t count = 0;
  while ((count = read(file, buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<size_t>(count));
  return text;
}

Json vmid_json(const std::string& vmid) {
  Json json;
  json.set("vmid", parse_integer(vmid).value_or(0));
  return json;
}

// The guest; absent ones in pct's words.
Result<Json> guest(const RunningLab& lab, const std::string& vmid) {
  auto found = control(lab, "guest", vmid_json(vmid));
  if (!found.ok() && error_class(found.status()) == ErrorClass::not_found)
    return not_found("Configuration file 'nodes/pve1/lxc/%s.conf' does not exist", vmid);
  return found;
}

int exec_directly(const RunningLab& lab, const std::string& vmid, const Arguments& command) {
  const auto instance = lxc::Instance::at(lab.folder);
  if (!instance.ok()) return fail(instance.status());
  Arguments argv = {"lxc-attach",
                    "-P",
                    instance->lxc_folder(),
                    "-n",
                    instance->container(VmId(parse_integer(vmid).value_or(0))),
                    "--set-var",
                    lxc::kGuestPath,
                    "--"};
  argv.insert(argv.end(), command.begin(), command.end());
  std::vector<char*> pointers;
  for (auto& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execvp(pointers.front(), pointers.data());
  return fail("unable to run lxc-attach");
}

int exec_over_the_door(const RunningLab& lab, const std::string& vmid, const Arguments& command) {
  if (isatty(STDIN_FILENO) != 0) return fail("the containers of this lab have no terminals");
  auto arguments = vmid_json(vmid);
  Json words = Json::array();
  for (const auto& word : command) words.push_back(base64_encode(word));
  arguments.set("argv", std::move(words));
  arguments.set("stdin", base64_encode(read_all(STDIN_FILENO)));
  const auto exit = control(lab, "exec", arguments);
  if (!exit.ok()) return fail(exit.status());
  put(STDOUT_FILENO, base64_decode(exit->string_or("out", "")).value_or(""));
  put(STDERR_FILENO, base64_decode(exit->string_or("err", "")).value_or(""));
  return static_cast<int>(exit->integer_or("code", kFailed));
}

int pct_exec(const RunningLab& lab, const Arguments& arguments) {
  auto rest = Arguments(arguments.begin() + 1, arguments.end());
  if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());
  if (rest.empty()) return usage();
  const auto found = guest(lab, arguments[0]);
  if (!found.ok()) return fail(found.status());
  if (!found->bool_or("running", false))
    return fail("container '" + arguments[0] + "' not running!");
  return lab.backend == "lxc" ? exec_directly(lab, arguments[0], rest)
                              : exec_over_the_door(lab, arguments[0], rest);
}

struct PushOptions {
  std::string perms = "0644", user = "root", group = "root";
};

std::optional<PushOptions> push_options(const Arguments& arguments) {
  PushOptions options;
  const std::map<std::string, std::string*> known = {
      {"--perms", &options.perms}, {"--user", &options.user}, {"--group", &options.group}};
  for (size_t i = 3; i < arguments.size(); i += 2) {
    const auto option = known.find(arguments[i]);
    if (option == known.end() || i + 1 == arguments.size()) return std::nullopt;
    *option->second = arguments[i + 1];
  }
  return options;
}

Status push_directly(const RunningLab& lab, VmId vmid, guest::File file) {
  GANTRY_TRY_ASSIGN(auto instance, lxc::Instance::at(lab.folder));
  const lxc::Containers containers(std::move(instance), {}, "");
  ContainerSpec spec;
  spec.vmid = vmid;
  return containers.push(spec, file);
}

Status push_over_the_door(const RunningLab& lab, Json arguments, const guest::File& file) {
  arguments.set("path", file.path);
  arguments.set("content", base64_encode(file.content));
  arguments.set("mode", file.mode);
  arguments.set("owner", file.owner);
  arguments.set("group", file.group);
  return control(lab, "push", arguments).status();
}

int pct_push(const RunningLab& lab, const Arguments& arguments) {
  const auto options = arguments.size() < 3 ? std::nullopt : push_options(arguments);
  if (!options) return usage();
  const auto found = guest(lab, arguments[0]);
  if (!found.ok()) return fail(found.status());
  if (!found->bool_or("running", false)) return fail("can only push files to a running CT");
  auto content = lxc::read_file(arguments[1]);
  if (!content.ok()) return fail("failed to open " + arguments[1] + " for reading");
  guest::File file{.path = arguments[2], .content = *std::move(content)};
  file.mode = static_cast<int>(std::strtol(options->perms.c_str(), nullptr, 8));
  file.owner = options->user;
  file.group = options->group;
  const auto pushed = lab.backend == "lxc"
                          ? push_directly(lab, VmId(*parse_integer(arguments[0])), file)
                          : push_over_the_door(lab, vmid_json(arguments[0]), file);
  return pushed.ok() ? 0 : fail("failed to create file: " + message_of(pushed));
}

int pct_status(const RunningLab& lab, const Arguments& arguments) {
  const auto found = guest(lab, arguments[0]);
  if (!found.ok()) return fail(found.status());
  const bool running = found->bool_or("running", false);
  put(STDOUT_FILENO, running ? "status: running\n" : "status: stopped\n");
  return 0;
}

int pct_config(const RunningLab& lab, const Arguments& arguments) {
  const auto found = guest(lab, arguments[0]);
  if (!found.ok()) return fail(found.status());
  std::string text;
  auto config = found->find("config")->as_object();
  for (const auto& [key, value] : found->find("pending")->as_object()) config[key] = value;
  for (const auto& [key, value] : config) {
    const auto plain = value.is_string() ? value.as_string() : schema::to_json(value);
    text += key + ": " + (key == "description" ? url_encode(plain) : plain) + "\n";
  }
  put(STDOUT_FILENO, text);
  return 0;
}

// A verb of the control door on an existing guest, without output.
int pct_do(const RunningLab& lab, const std::string& verb, const Arguments& arguments) {
  const auto found = guest(lab, arguments[0]);
  if (!found.ok()) return fail(found.status());
  const auto answered = control(lab, verb, vmid_json(arguments[0]));
  return answered.ok() ? 0 : fail(message_of(answered.status()));
}

int pct_destroy(const RunningLab& lab, const Arguments& arguments) {
  for (size_t i = 1; i + 1 < arguments.size(); i += 2)
    if (arguments[i] != "--destroy-unreferenced-disks" && arguments[i] != "--purge") return usage();
  return pct_do(lab, "discard", arguments);
}

int pct_list(const RunningLab& lab) {
  const auto guests = control(lab, "guests", Json::object());
  if (!guests.ok()) return fail(guests.status());
  std::string text = guests->size() == 0 ? "" : "VMID       Status     Lock         Name\n";
  for (const auto& each : guests->as_array()) {
    const auto* config = each.find("config");
    text += absl::StrFormat("%-10d %-10s %-12s %-20s\n", each.integer_or("vmid", 0),
                            each.bool_or("running", false) ? "running" : "stopped",
                            config->string_or("lock", ""), config->string_or("hostname", ""));
  }
  put(STDOUT_FILENO, text);
  return 0;
}

}  // namespace

int run_pct(const RunningLab& lab, const Arguments& arguments) {
  if (arguments.empty()) return usage();
  const auto& command = arguments.front();
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (command == "list") return pct_list(lab);
  const bool has_vmid = !rest.empty() && parse_integer(rest.front()).value_or(0) >= 100;
  if (!has_vmid) return usage();
  if (command == "exec") return pct_exec(lab, rest);
  if (command == "push") return pct_push(lab, rest);
  if (command == "status") return pct_status(lab, rest);
  if (command == "config") return pct_config(lab, rest);
  if (command == "destroy") return pct_destroy(lab, rest);
  if (command == "unlock") return pct_do(lab, "lock", rest);
  if (command == "start" || command == "stop") return pct_do(lab, command, rest);
  return usage();
}

int run_pvesh(const RunningLab& lab, const Arguments& arguments) {
  if (arguments.size() < 2 || arguments[0] != "get")
    return fail("400 Parameter verification failed.\nusage: pvesh get <api_path> [OPTIONS]");
  Json request;
  request.set("path", arguments[1]);
  const auto data = control(lab, "get", request);
  if (!data.ok()) return fail(message_of(data.status()));
  put(STDOUT_FILENO, schema::to_json(*data) + "\n");
  return 0;
}

}  // namespace gantry::lab
