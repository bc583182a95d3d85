#include "cmd/gantryctl/main/runs.h"

#include <iostream>
#include <iterator>

#include <unistd.h>

#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/local.h"
#include "pkg/apiserver/authn/user.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/random.h"
#include "pkg/cel/value/time_text.h"

namespace gantry::ctl {
namespace {

std::optional<Duration> patience_of(const Flags& flags) {
  if (flags.no_wait) return std::nullopt;
  return std::chrono::seconds(flags.timeout_seconds);
}

// suspend and resume are words for Apps; start and stop for Machines, too.
Async<Status> run_power(Session& session, Flags& flags, bool running, bool only_apps) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  for (const auto& where : places)
    if (only_apps && where.kind->kind != "App")
      co_return invalid("%s: only Apps are suspended and resumed; Machines start and stop",
                        label_of(where));
  co_return co_await set_running(session, std::move(places), running, patience_of(flags));
}

// Whole, before anything is asked: the server wants to know its size. None at a terminal.
std::optional<std::string> standard_input() {
  if (::isatty(STDIN_FILENO) != 0) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

}  // namespace

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
  options.wait = patience_of(flags);
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

Async<Status> run_suspend(Session& session, Flags& flags) {
  return run_power(session, flags, false, true);
}
Async<Status> run_resume(Session& session, Flags& flags) {
  return run_power(session, flags, true, true);
}
Async<Status> run_start(Session& session, Flags& flags) {
  return run_power(session, flags, true, false);
}
Async<Status> run_stop(Session& session, Flags& flags) {
  return run_power(session, flags, false, false);
}

Async<Status> run_restart(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  co_return co_await restart(session, std::move(places), patience_of(flags));
}

Async<Status> run_scale(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  if (places.size() != 1) co_return invalid("scale takes one App");
  co_return co_await scale(session, places.front(), flags.replicas, patience_of(flags));
}

Async<Status> run_stats(Session& session, Flags& flags) {
  std::vector<Where> places;
  if (!flags.words.empty()) {
    GANTRY_CO_TRY_ASSIGN(places, parse_places(session, flags.words));
  }
  co_return co_await stats(session, std::move(places));
}

Async<Status> run_logs(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(auto places, parse_places(session, flags.words));
  LogOptions options;
  options.follow = flags.follow;
  options.timestamps = flags.timestamps;
  options.previous = flags.previous;
  if (flags.tail >= 0) options.tail = flags.tail;
  if (!flags.since.empty()) {
    options.since = cel::parse_duration(flags.since);
    if (!options.since || *options.since < Duration::zero())
      co_return invalid("--since %s: must be a duration, such as 10m or 1h30m", flags.since);
  }
  co_return co_await logs(session, std::move(places), options);
}

Async<Status> run_exec(Session& session, Flags& flags) {
  GANTRY_CO_TRY_ASSIGN(const auto places, parse_places(session, flags.words));
  ExecRequest request;
  request.command = flags.command;
  request.input = standard_input();
  SystemRandom random;
  GANTRY_CO_TRY_ASSIGN(flags.exit_code,
                       co_await exec(session, places.front(), std::move(request), random));
  co_return Status();
}

Async<Status> run_template_build(Session& session, Flags& flags) {
  TemplateOptions options;
  options.name = flags.words.front();
  options.class_name = flags.class_name;
  options.docker = flags.docker;
  options.timeout = std::chrono::seconds(flags.build_timeout_seconds);
  SystemRandom random;
  co_return co_await build_template(session, std::move(options), random);
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

}  // namespace gantry::ctl
