// gantryctl: flags, and which command they mean.
#include <algorithm>
#include <csignal>
#include <iostream>

#include <CLI/CLI.hpp>

#include "cmd/gantryctl/kubeconfig.h"
#include "cmd/gantryctl/main/runs.h"
#include "cmd/gantryctl/watching.h"
#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/http/beast/client.h"

namespace gantry::ctl {
namespace {

constexpr int kRefused = 1;
constexpr int kCouldNotAsk = 2;

using Command = std::function<Async<Status>(Session&, Flags&)>;
using LocalCommand = std::function<Result<std::string>(Flags&)>;

int report(const Status& status, const std::string& url = "") {
  if (status.ok()) return 0;
  std::cerr << "error: " << error_text(status, url) << "\n";
  return could_not_ask(status) ? kCouldNotAsk : kRefused;
}

// Anything but yes is no, and so is nobody who could answer.
bool ask_person(const std::string& question) {
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

int run(Flags& flags, const Command& command) {
  auto config = load_kubeconfig(flags.kubeconfig, flags.context);
  if (!config.ok()) {
    std::cerr << "error: " << message_of(config.status()) << "\n";
    return kCouldNotAsk;
  }
  async::Loop loop;
  async::RealClock clock;
  auto client = http::beast::make_client(loop.executor(), clock, config->endpoint, config->trust,
                                         http::beast::ClientOptions());
  ApiClient api(*client, config->token);
  api.on_warning([](const std::string& text) { std::cerr << "warning: " << text << std::endl; });
  Session session{api,
                  clock,
                  flags.ns.empty() ? config->ns : flags.ns,
                  flags.all_namespaces,
                  make_watch(*client, config->token),
                  [](const std::string& text) { std::cout << text << std::endl; },
                  [](const std::string& text) { std::cerr << text << std::endl; },
                  ask_person,
                  [](bool is_stderr, std::string_view bytes) {
                    (is_stderr ? std::cerr : std::cout) << bytes << std::flush;
                  }};
  // What goes on for ever is ended by Ctrl-C, which is no failure. Whatever else is ended so was
  // not done.
  const bool endless = flags.watch || flags.follow;
  loop.on_signals({SIGINT, SIGTERM},
                  [endless](int signal) { std::_Exit(endless ? 0 : 128 + signal); });
  const Status done = loop.block_on(command(session, flags));
  return done.ok() ? flags.exit_code : report(done, http::to_string(config->endpoint));
}

int run_here(Flags& flags, const LocalCommand& command) {
  const auto told = command(flags);
  if (told.ok()) std::cout << *told << std::endl;
  return report(told.status());
}

// What the program takes: the subcommands and their flags. Parsing fills both.
class CommandLine {
 public:
  explicit CommandLine(Flags& flags) : flags_(flags) {
    app_.require_subcommand(1);
    app_.add_option("--kubeconfig", flags.kubeconfig, "file; default $KUBECONFIG, ~/.kube/config");
    app_.add_option("--context", flags.context, "a context of the kubeconfig");
    app_.add_option("-n,--namespace", flags.ns, "namespace");
    app_.fallthrough();
    add_changes();
    add_views();
    add_waits();
    add_power();
    add_inside();
    add_revisions();
    add_templates();
    add_tokens();
    add_certificates();
    add_keys();
    command(app_, "version", "of gantryctl and gantryd", run_version);
  }

  // Returns the exit code. What stands behind -- is somebody else's command and not looked into.
  int parse_and_run(int argc, char** argv) {
    char** const mark = std::find(argv, argv + argc, std::string_view("--"));
    if (mark != argv + argc) flags_.command.assign(mark + 1, argv + argc);
    try {
      app_.parse(static_cast<int>(mark - argv), argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : kCouldNotAsk;
    }
    if (!flags_.command.empty() && !app_.got_subcommand("exec")) {
      std::cerr << "error: only exec takes a command behind --\n";
      return kCouldNotAsk;
    }
    return here_ ? run_here(flags_, here_) : run(flags_, chosen_);
  }

 private:
  CLI::App* command(CLI::App& parent, const char* name, const char* help, Command chosen) {
    auto* sub = parent.add_subcommand(name, help);
    sub->callback([this, chosen = std::move(chosen)] { chosen_ = chosen; });
    return sub;
  }

  // One that needs no server.
  CLI::App* local(CLI::App& parent, const char* name, const char* help, LocalCommand chosen) {
    auto* sub = parent.add_subcommand(name, help);
    sub->callback([this, chosen = std::move(chosen)] { here_ = chosen; });
    return sub;
  }

  CLI::App& family(const char* name, const char* help) {
    auto* sub = app_.add_subcommand(name, help);
    sub->require_subcommand(1);
    return *sub;
  }

  CLI::Option* words(CLI::App* sub, const char* help) {
    return sub->add_option("what", flags_.words, help);
  }

  void timeout(CLI::App* sub) {
    sub->add_option("--timeout", flags_.timeout_seconds, "seconds to wait");
  }

  void all_namespaces(CLI::App* sub) {
    sub->add_flag("-A,--all-namespaces", flags_.all_namespaces, "in all namespaces");
  }

  CLI::Option* files(CLI::App* sub) {
    return sub->add_option("-f,--filename", flags_.files, "file, folder or - (standard input)");
  }

  void add_changes() {
    auto* apply = command(app_, "apply", "create or change objects as manifests say", run_apply);
    files(apply)->required();
    apply->add_flag("--dry-run", flags_.dry_run, "check everything, store nothing");

    auto* remove = command(app_, "delete", "delete objects", run_delete);
    words(remove, "KIND NAME… or KIND/NAME…");
    files(remove);
    remove->add_flag("--no-wait", flags_.no_wait, "do not wait until they are gone");
    remove->add_flag("--ignore-not-found", flags_.ignore_not_found, "not there counts as deleted");
    timeout(remove);
  }

  void add_views() {
    auto* get = command(app_, "get", "show objects", run_get);
    words(get, "KIND [NAME…] or KIND/NAME…")->required();
    all_namespaces(get);
    get->add_option("-o,--output", flags_.output, "how")
        ->check(CLI::IsMember({"wide", "yaml", "json", "name"}));
    get->add_option("-l,--selector", flags_.selector, "label selector");
    get->add_flag("-w,--watch", flags_.watch, "and go on showing changes");

    auto* describe = command(app_, "describe", "all about objects, with events", run_describe);
    words(describe, "KIND [NAME…] or KIND/NAME…")->required();

    auto* events = command(app_, "events", "what happened", run_events);
    events->add_option("--for", flags_.about, "KIND/NAME");
    all_namespaces(events);
    events->add_flag("-w,--watch", flags_.watch, "and go on showing new ones");
  }

  void add_waits() {
    auto* wait = command(app_, "wait", "wait for a condition", run_wait);
    words(wait, "KIND/NAME…")->required();
    wait->add_option("--for", flags_.condition, "condition=NAME[=STATUS] or delete")->required();
    timeout(wait);

    auto* progress =
        command(app_, "progress", "tell each step until everything is Ready", run_progress);
    words(progress, "KIND… or KIND/NAME…")->required();
    timeout(progress);
  }

  // A command that waits until what it has asked for is so.
  CLI::App* verb(const char* name, const char* help, Command chosen, const char* about) {
    auto* sub = command(app_, name, help, std::move(chosen));
    words(sub, about)->required();
    sub->add_flag("--no-wait", flags_.no_wait, "ask, and do not wait until it is so");
    timeout(sub);
    return sub;
  }

  void add_power() {
    verb("suspend", "stop an App's containers and keep them (spec.suspend)", run_suspend,
         "app/NAME…");
    verb("resume", "let a suspended App run again", run_resume, "app/NAME…");
    verb("stop", "stop a Machine (spec.powerState), or suspend an App", run_stop,
         "machine/NAME… or app/NAME…");
    verb("start", "start a Machine (spec.powerState), or resume an App", run_start,
         "machine/NAME… or app/NAME…");
    verb("restart", "start what runs in an App's containers anew, in the order of its updates",
         run_restart, "app/NAME…");
    verb("scale", "change how many replicas an App has", run_scale, "app/NAME")
        ->add_option("--replicas", flags_.replicas, "how many")
        ->required()
        ->check(CLI::NonNegativeNumber);
  }

  void add_inside() {
    auto* stats = command(app_, "stats", "what containers use, by Proxmox' figures", run_stats);
    words(stats, "app/NAME… or machine/NAME…; all of the namespace unless said");
    all_namespaces(stats);

    auto* logs = command(app_, "logs", "what an App, or a Machine, has written", run_logs);
    words(logs, "app/NAME or machine/NAME")->required();
    logs->add_flag("-f,--follow", flags_.follow, "and go on with what is written next");
    logs->add_option("--tail", flags_.tail, "only the last so many lines")
        ->check(CLI::NonNegativeNumber);
    logs->add_option("--since", flags_.since, "only what is newer: 10m, 1h30m");
    logs->add_flag("--timestamps", flags_.timestamps, "with the time of each line");
    logs->add_flag("--previous", flags_.previous, "of the boot before this one");

    auto* exec = command(app_, "exec", "run a command in a container: exec machine/NAME -- COMMAND",
                         run_exec);
    words(exec, "machine/NAME, or app/NAME that has one container")->required()->expected(1);
  }

  void add_revisions() {
    words(command(app_, "history", "the revisions of an App", run_history), "app/NAME")->required();
    auto* rollback =
        command(app_, "rollback", "ask for an earlier revision of an App again", run_rollback);
    words(rollback, "app/NAME")->required();
    rollback->add_option("--to", flags_.revision, "number of the revision, see history")
        ->required();
    rollback->add_flag("--data", flags_.data, "and put its data back, from before it was replaced");
    rollback->add_flag("--yes", flags_.yes, "do not ask whether to");
  }

  void add_templates() {
    auto& family_of_templates = family("template", "golden templates of containers");
    auto* build =
        command(family_of_templates, "build",
                "make a container that root@pam can turn into a template", run_template_build);
    words(build, "NAME")->required()->expected(1);
    build->add_option("--class", flags_.class_name, "the MachineClass of the container")
        ->required();
    build->add_flag("--docker", flags_.docker, "with Docker and Compose 2");
    build->add_option("--timeout", flags_.build_timeout_seconds, "seconds that a step may take");
  }

  void groups_and_lifetime(CLI::App* sub, const char* groups, const char* lifetime) {
    sub->add_option("--group", flags_.groups, groups);
    sub->add_option("--lifetime-hours", flags_.lifetime_hours, lifetime);
  }

  void add_tokens() {
    auto& token = family("token", "bearer tokens");
    auto* create = command(token, "create", "issue a token and print it, once", run_token);
    words(create, "NAME")->required()->expected(1);
    create->add_option("--user", flags_.user, "whose it is; NAME unless said");
    groups_and_lifetime(create, "again for each; gantry:viewers without --user and --group",
                        "0: never expires");
    command(token, "list", "tokens, whose they are and when they end", run_token_list);
    auto* revoke = command(token, "revoke", "end a token at once", run_token_revoke);
    words(revoke, "NAME")->required()->expected(1);
  }

  void add_certificates() {
    auto& certificate = family("certificate", "client certificates");
    auto* issue =
        local(certificate, "issue", "on gantryd's host: sign a certificate", run_certificate_issue);
    words(issue, "USER")->required()->expected(1);
    groups_and_lifetime(issue, "again for each", "24 unless said");
    issue->add_option("--authority", flags_.authority, "gantryd's --data");
    issue->add_option("--out", flags_.out, "folder for USER.crt and USER.key");
    auto* revoke =
        command(certificate, "revoke", "refuse a certificate from now on", run_certificate_revoke);
    words(revoke, "FILE or FINGERPRINT")->required()->expected(1);
  }

  void add_keys() {
    auto& key = family("key", "on gantryd's host: the keys that seal Secrets");
    key.add_option("--file", flags_.sealing_key, "the key file");
    local(key, "list", "their names", run_key_list);
    local(key, "rotate", "add a key for what is sealed from now on", run_key_rotate);
  }

  Flags& flags_;
  Command chosen_;
  LocalCommand here_;
  CLI::App app_{"Speaks to gantryd: apply manifests, see what happens."};
};

}  // namespace
}  // namespace gantry::ctl

int main(int argc, char** argv) {
  using namespace gantry::ctl;
  Flags flags;
  return CommandLine(flags).parse_and_run(argc, argv);
}
