// gantryctl: flags, and which command they mean.
#include <csignal>
#include <iostream>

#include <CLI/CLI.hpp>

#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/kubeconfig.h"
#include "cmd/gantryctl/local.h"
#include "cmd/gantryctl/watching.h"
#include "pkg/apiserver/authn/user.h"
#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/http/beast/client.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

constexpr int kRefused = 1;
constexpr int kCouldNotAsk = 2;

struct Flags {
  std::string kubeconfig, context, ns;
  bool all_namespaces = false;
  std::vector<std::string> words, files;
  std::string output, selector, condition, about, user, authority = "/var/lib/gantry", out = ".";
  std::string sealing_key = "/var/lib/gantry/secrets.key";
  std::vector<std::string> groups;
  bool watch = false, dry_run = false, no_wait = false, ignore_not_found = false;
  bool data = false, yes = false;
  int timeout_seconds = 300;
  int lifetime_hours = 0;
  int64_t revision = 0;
};

using Command = std::function<Async<Status>(Session&, Flags&)>;
using LocalCommand = std::function<Result<std::string>(Flags&)>;

Async<Status> run_apply(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto manifests, read_manifests(flags.files));
  co_return co_await apply(session, std::move(manifests), flags.dry_run);
}

Async<Status> run_delete(Session& session, Flags& flags) {
  std::vector<Where> places;
  if (!flags.files.empty()) {
    GANTRY_CO_TRY_ASSIGN(const auto manifests, read_manifests(flags.files));
    // What refers to others goes first.
    for (auto it = manifests.rbegin(); it != manifests.rend(); ++it) {
      auto ns = meta_text(it->object, "namespace");
      if (ns.empty() && it->kind->namespaced) ns = session.ns;
      Where where;
      where.kind = it->kind;
      where.ns = std::move(ns);
      where.name = meta_text(it->object, "name");
      places.push_back(std::move(where));
    }
  } else {
    GANTRY_CO_TRY_ASSIGN(places, parse_places(session, flags.words));
  }
  DeleteOptions options;
  if (!flags.no_wait) options.wait = std::chrono::seconds(flags.timeout_seconds);
  options.ignore_not_found = flags.ignore_not_found;
  co_return co_await remove(session, std::move(places), options);
}

Async<Status> run_get(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  GetOptions options;
  options.output = flags.output;
  options.selector = flags.selector;
  options.watch = flags.watch;
  co_return co_await get(session, std::move(places), options);
}

Async<Status> run_describe(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  co_return co_await describe(session, std::move(places));
}

Async<Status> run_events(Session& session, Flags& flags) {
  std::optional<Where> about;
  if (!flags.about.empty()) {
    std::vector<std::string> words(1, flags.about);
    GANTRY_CO_TRY_ASSIGN(const auto places, parse_places(session, words));
    about = places.front();
  }
  co_return co_await events(session, about, flags.watch);
}

Async<Status> run_wait(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  const Duration timeout = std::chrono::seconds(flags.timeout_seconds);
  co_return co_await wait_for(session, std::move(places), flags.condition, timeout);
}

Async<Status> run_progress(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  const Duration timeout = std::chrono::seconds(flags.timeout_seconds);
  co_return co_await follow_progress(session, std::move(places), timeout);
}

Async<Status> run_history(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  co_return co_await history(session, places.front());
}

Async<Status> run_rollback(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  RollbackOptions options;
  options.number = flags.revision;
  options.data = flags.data;
  options.yes = flags.yes;
  co_return co_await rollback(session, places.front(), options);
}

Async<Status> run_token(Session& session, Flags& flags) {
  TokenOptions options;
  options.name = flags.words.front();
  options.user = flags.user;
  options.groups = flags.groups;
  if (options.groups.empty() && options.user.empty())
    options.groups.emplace_back(apiserver::kViewerGroup);
  if (flags.lifetime_hours > 0) options.lifetime = std::chrono::hours(flags.lifetime_hours);
  co_return co_await create_token(session, options);
}

Async<Status> run_token_list(Session& session, Flags&) {
  return list_tokens(session);
}

Async<Status> run_token_revoke(Session& session, Flags& flags) {
  return revoke_token(session, flags.words.front());
}

Async<Status> run_certificate_revoke(Session& session, Flags& flags) {
  return revoke_certificate(session, flags.words.front());
}

// What needs no server.
Result<std::string> run_certificate_issue(Flags& flags) {
  CertificateOptions options;
  options.authority = flags.authority;
  options.user = flags.words.front();
  options.groups = flags.groups;
  options.out = flags.out;
  if (flags.lifetime_hours > 0) options.lifetime = std::chrono::hours(flags.lifetime_hours);
  return issue_certificate(options, async::RealClock().now());
}

Result<std::string> run_key_rotate(Flags& flags) {
  SystemRandom random;
  return rotate_sealing_key(flags.sealing_key, random);
}

Result<std::string> run_key_list(Flags& flags) {
  return list_sealing_keys(flags.sealing_key);
}

Async<Status> run_version(Session& session, Flags&) {
  session.print("gantryctl " GANTRY_VERSION);
  auto server = co_await session.api.get("/version", kJson);
  if (!server.ok()) co_return server.status();
  session.print("gantryd " + server->string_or("gitVersion", ""));
  co_return Status();
}

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
                  ask_person};
  // A watch is ended by Ctrl-C, which is no failure. Whatever else is ended so was not done.
  loop.on_signals({SIGINT, SIGTERM},
                  [&flags](int signal) { std::_Exit(flags.watch ? 0 : 128 + signal); });
  return report(loop.block_on(command(session, flags)), http::to_string(config->endpoint));
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
    add_revisions();
    add_tokens();
    add_certificates();
    add_keys();
    command(app_, "version", "of gantryctl and gantryd", run_version);
  }

  // Returns the exit code.
  int parse_and_run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : kCouldNotAsk;
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
