// gantry-lab: a Proxmox VE stand-in, over real LXC containers or in memory.
#include <array>
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "cmd/gantry-lab/control_command.h"
#include "cmd/gantry-lab/run.h"
#include "cmd/gantry-lab/world.h"
#include "pkg/base/log.h"
#include "pkg/lab/control/pct.h"

namespace {

using gantry::labd::Options;

constexpr const char* kExamples =
    R"(Examples:
  gantry-lab --backend memory --nodes 3 --seed 7 --faults faults.yaml
  gantry-lab control guests
  gantry-lab control node pve2 offline
  gantry-lab control faults gentle.yaml
  sudo gantry-lab --state /var/lib/gantry-lab --keep        real containers, kept
Address, token and keys stand in the state folder's lab.json once the lab serves.
More: docs/lab.md)";

// One lab a user, unless told otherwise.
std::string default_state() {
  return (std::filesystem::temp_directory_path() / ("gantry-lab-" + std::to_string(geteuid())))
      .string();
}

int report(const gantry::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "gantry-lab: " << gantry::message_of(status) << "\n";
  return 1;
}

// `gantry-lab pct STATE …` and `gantry-lab pvesh STATE …`: what the lab's own pct and pvesh run.
int node_tool(const std::string& tool, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return 255;
  const auto lab = gantry::lab::find_lab(arguments.front());
  if (!lab.ok()) {
    std::cerr << gantry::message_of(lab.status()) << "\n";
    return 255;
  }
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  return tool == "pct" ? gantry::lab::run_pct(*lab, rest) : gantry::lab::run_pvesh(*lab, rest);
}

void add_run_options(CLI::App& app, Options& options, std::string& time) {
  app.add_option("--backend", options.backend, "what containers are made of")
      ->check(CLI::IsMember({"lxc", "memory"}))
      ->capture_default_str();
  app.add_option("--nodes", options.nodes, "nodes pve1 … pveN")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--cache", options.cache, "folder for templates and packages");
  app.add_option("--pve,--version", options.version, "which Proxmox VE to be")
      ->check(CLI::IsMember({"9.2", "8.4"}))
      ->capture_default_str();
  app.add_option("--pool", options.pool, "the pool of the least-privilege token")
      ->capture_default_str();
  app.add_flag("--with-network", options.with_network,
               "the least-privilege token may also make bridges (Sys.Modify on the nodes)");
  app.add_option("--installation", options.installation,
                 "accept only this installation's marks on the command channel");
  app.add_option("--packages", options.packages, "what apt inside the containers can install")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--template", options.templates,
                 "a root file system (tar) to make containers of; its file name is its name")
      ->check(CLI::ExistingFile);
  app.add_option("--seed", options.seed, "draw ids and faults from this seed");
  app.add_option("--faults", options.faults, "play this fault profile (YAML; docs/lab.md)")
      ->check(CLI::ExistingFile);
  app.add_option("--time", time, "virtual: the lab never makes anybody wait (memory only)")
      ->check(CLI::IsMember({"real", "virtual"}))
      ->capture_default_str();
  app.add_flag("--keep", options.keep, "leave containers and state at the end");
}

bool read_listen(const std::string& listen, Options& options) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) return false;
  options.address = listen.substr(0, colon);
  return CLI::detail::lexical_cast(listen.substr(colon + 1), options.port);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && (words.front() == "pct" || words.front() == "pvesh"))
    return node_tool(words.front(), {words.begin() + 1, words.end()});

  CLI::App app("A Proxmox VE stand-in: the same API over real LXC containers, or in memory.");
  Options options;
  std::error_code code;
  options.program = std::filesystem::read_symlink("/proc/self/exe", code).string();
  std::string listen = "127.0.0.1:8006";
  std::vector<std::string> rest;
  app.add_option("--state", options.state, "folder for everything the lab keeps")
      ->default_str(default_state());
  app.add_option("--listen", listen, "ADDRESS:PORT of the API; port 0: any")->capture_default_str();
  std::string time = "real";
  add_run_options(app, options, time);
  app.footer(kExamples);
  app.require_subcommand(0, 1);
  app.fallthrough();
  auto* cleanup = app.add_subcommand("cleanup", "remove what a killed lab left in --state");
  auto* control = app.add_subcommand("control", "do what a person on the nodes could do");
  control->add_option("words", rest, "verb and arguments, see below")->required();
  control->footer(gantry::labd::kControlHelp);
  CLI11_PARSE(app, argc, argv);

  if (options.state.empty()) options.state = default_state();
  if (*cleanup) return report(gantry::labd::clean_up(options.state));
  if (*control) return gantry::labd::run_control(options.state, rest);
  options.skip_waits = time == "virtual";
  if (options.skip_waits && options.backend != "memory") {
    std::cerr << "gantry-lab: --time virtual: real containers take real time\n";
    return 2;
  }
  if (!read_listen(listen, options)) {
    std::cerr << "gantry-lab: --listen: ADDRESS:PORT is needed, not " << listen << "\n";
    return 2;
  }
  return report(gantry::labd::run(options));
}
