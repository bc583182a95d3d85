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
  int timeout_seconds = 300;
  int lifetime_hours = 0;
};

using Run = std::function<Async<Status>(Session&)>;

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

int report(const Status& status) {
  if (status.ok()) return 0;
  std::cerr << "error: " << message_of(status) << "\n";
  return could_not_ask(status) ? kCouldNotAsk : kRefused;
}

int run(Flags& flags, const std::function<Async<Status>(Session&, Flags&)>& command) {
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
  Session session{api,
                  clock,
                  flags.ns.empty() ? config->ns : flags.ns,
                  flags.all_namespaces,
                  make_watch(*client, config->token),
                  [](const std::string& text) { std::cout << text << std::endl; },
                  [](const std::string& text) { std::cerr << text << std::endl; }};
  // A watch is ended by Ctrl-C, which is no failure.
  loop.on_signals({SIGINT, SIGTERM}, [](int) { std::_Exit(0); });
  return report(loop.block_on(command(session, flags)));
}

int run_here(Flags& flags, const std::function<Result<std::string>(Flags&)>& command) {
  const auto told = command(flags);
  if (told.ok()) std::cout << *told << std::endl;
  return report(told.status());
}

}  // namespace
}  // namespace gantry::ctl

int main(int argc, char** argv) {
  using namespace gantry::ctl;
  Flags flags;
  std::function<gantry::Async<gantry::Status>(Session&, Flags&)> chosen;
  std::function<gantry::Result<std::string>(Flags&)> here;
  CLI::App app("Speaks to gantryd: apply manifests, see what happens.");
  app.require_subcommand(1);
  app.add_option("--kubeconfig", flags.kubeconfig, "file; default $KUBECONFIG, ~/.kube/config");
  app.add_option("--context", flags.context, "a context of the kubeconfig");
  app.add_option("-n,--namespace", flags.ns, "namespace");
  app.fallthrough();

  const auto command = [&](const char* name, const char* help, auto function) {
    auto* sub = app.add_subcommand(name, help);
    sub->callback([&chosen, function] { chosen = function; });
    return sub;
  };
  const auto words = [&](CLI::App* sub, const char* help) {
    return sub->add_option("what", flags.words, help);
  };
  auto* apply = command("apply", "create or change objects as manifests say", run_apply);
  apply->add_option("-f,--filename", flags.files, "file, folder or - (standard input)")->required();
  apply->add_flag("--dry-run", flags.dry_run, "check everything, store nothing");

  auto* get = command("get", "show objects", run_get);
  words(get, "KIND [NAME…] or KIND/NAME…")->required();
  get->add_flag("-A,--all-namespaces", flags.all_namespaces, "in all namespaces");
  get->add_option("-o,--output", flags.output, "how")
      ->check(CLI::IsMember({"wide", "yaml", "json", "name"}));
  get->add_option("-l,--selector", flags.selector, "label selector");
  get->add_flag("-w,--watch", flags.watch, "and go on showing changes");

  words(command("describe", "all about objects, with events", run_describe),
        "KIND [NAME…] or KIND/NAME…")
      ->required();

  auto* remove = command("delete", "delete objects", run_delete);
  words(remove, "KIND NAME… or KIND/NAME…");
  remove->add_option("-f,--filename", flags.files, "file, folder or - (standard input)");
  remove->add_flag("--no-wait", flags.no_wait, "do not wait until they are gone");
  remove->add_flag("--ignore-not-found", flags.ignore_not_found, "not there counts as deleted");
  remove->add_option("--timeout", flags.timeout_seconds, "seconds to wait");

  auto* events = command("events", "what happened", run_events);
  events->add_option("--for", flags.about, "KIND/NAME");
  events->add_flag("-A,--all-namespaces", flags.all_namespaces, "in all namespaces");
  events->add_flag("-w,--watch", flags.watch, "and go on showing new ones");

  auto* wait = command("wait", "wait for a condition", run_wait);
  words(wait, "KIND/NAME…")->required();
  wait->add_option("--for", flags.condition, "condition=NAME[=STATUS] or delete")->required();
  wait->add_option("--timeout", flags.timeout_seconds, "seconds to wait");

  auto* progress = command("progress", "tell each step until everything is Ready", run_progress);
  words(progress, "KIND… or KIND/NAME…")->required();
  progress->add_option("--timeout", flags.timeout_seconds, "seconds to wait");

  auto* token = app.add_subcommand("token", "bearer tokens");
  token->require_subcommand(1);
  auto* create = token->add_subcommand("create", "issue a token and print it, once");
  create->callback([&chosen] { chosen = run_token; });
  words(create, "NAME")->required()->expected(1);
  create->add_option("--user", flags.user, "whose it is; NAME unless said");
  create->add_option("--group", flags.groups,
                     "again for each; gantry:viewers without --user and --group");
  create->add_option("--lifetime-hours", flags.lifetime_hours, "0: never expires");
  token->add_subcommand("list", "tokens, whose they are and when they end")->callback([&chosen] {
    chosen = run_token_list;
  });
  auto* revoke = token->add_subcommand("revoke", "end a token at once");
  revoke->callback([&chosen] { chosen = run_token_revoke; });
  words(revoke, "NAME")->required()->expected(1);

  auto* certificate = app.add_subcommand("certificate", "client certificates");
  certificate->require_subcommand(1);
  auto* issue = certificate->add_subcommand("issue", "on gantryd's host: sign a certificate");
  issue->callback([&here] { here = run_certificate_issue; });
  words(issue, "USER")->required()->expected(1);
  issue->add_option("--group", flags.groups, "again for each");
  issue->add_option("--lifetime-hours", flags.lifetime_hours, "24 unless said");
  issue->add_option("--authority", flags.authority, "gantryd's --data");
  issue->add_option("--out", flags.out, "folder for USER.crt and USER.key");
  auto* refuse = certificate->add_subcommand("revoke", "refuse a certificate from now on");
  refuse->callback([&chosen] { chosen = run_certificate_revoke; });
  words(refuse, "FILE or FINGERPRINT")->required()->expected(1);

  auto* key = app.add_subcommand("key", "on gantryd's host: the keys that seal Secrets");
  key->require_subcommand(1);
  key->add_option("--file", flags.sealing_key, "the key file");
  key->add_subcommand("list", "their names")->callback([&here] { here = run_key_list; });
  key->add_subcommand("rotate", "add a key for what is sealed from now on")->callback([&here] {
    here = run_key_rotate;
  });

  command("version", "of gantryctl and gantryd", run_version);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kCouldNotAsk;
  }
  return here ? run_here(flags, here) : run(flags, chosen);
}
