#include "controllers/app/health.h"

#include "controllers/app/url.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::AppSpec;
using api::v1alpha1::Health;
using api::v1alpha1::ProbeSource;

// Debian's bash speaks TCP, Alpine's busybox has nc; a minimal container has no curl. Port and path
// are arguments of the scripts, never part of their text.
constexpr const char* kHttpScript =
    "ask() { printf 'GET %s HTTP/1.0\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' "
    "\"$1\"; }; "
    "if command -v bash >/dev/null 2>&1; then "
    "ask \"$2\" | bash -c 'exec 3<>/dev/tcp/127.0.0.1/$1 && cat >&3 && head -n 1 <&3' probe "
    "\"$1\"; "
    "else ask \"$2\" | nc 127.0.0.1 \"$1\" | head -n 1; fi";
constexpr const char* kTcpScript =
    "if command -v bash >/dev/null 2>&1; then "
    "bash -c 'exec 3<>/dev/tcp/127.0.0.1/$1' probe \"$1\"; else nc -z 127.0.0.1 \"$1\"; fi";

int probed_port(const AppSpec& spec) {
  const auto& health = *spec.health;
  return health.http ? port_number(spec, health.http->port) : port_number(spec, health.tcp->port);
}

Async<Status> probe_from_daemon(const AppSpec& spec, std::string address, Prober& prober) {
  const auto& health = *spec.health;
  const int port = probed_port(spec);
  if (health.http)
    co_return co_await prober.http(std::move(address), port, health.http->path, health.timeout);
  co_return co_await prober.tcp(std::move(address), port, health.timeout);
}

// "HTTP/1.1 200 OK" → OK.
Status judge_status_line(const std::string& line) {
  const auto words = split(trim(line), ' ');
  const auto code = words.size() > 1 ? parse_integer(words[1]) : std::nullopt;
  if (!starts_with(line, "HTTP/") || !code)
    return make_error(ErrorClass::remote, "the answer is no HTTP");
  if (*code >= 200 && *code < 400) return {};
  return error(ErrorClass::remote, "HTTP status %d", *code);
}

Async<Status> probe_from_guest(const AppSpec& spec, Guest guest) {
  const auto& health = *spec.health;
  const auto port = std::to_string(probed_port(spec));
  const std::string script = health.http ? kHttpScript : kTcpScript;
  const std::string path = health.http ? health.http->path : std::string();
  auto exit = co_await guest.run(argv_of("sh", "-c", script, "probe", port, path), health.timeout);
  if (!exit.ok()) co_return exit.status();
  if (exit->code != 0) co_return make_error(ErrorClass::remote, last_line(exit->err));
  if (!health.http) co_return Status();
  co_return judge_status_line(exit->out);
}

// A way into the container that is closed says nothing about what runs there. Remote and Timeout
// are answers: the command ran and failed, or was killed.
bool is_answer(const Status& status) {
  const auto error = error_class(status);
  return status.ok() || error == ErrorClass::remote || error == ErrorClass::timeout;
}

ProbeResult result_of(const Status& status, ProbeSource from, int port) {
  ProbeResult result;
  result.healthy = status.ok();
  result.known = from == ProbeSource::daemon || is_answer(status);
  result.from = from;
  result.message = status.ok() ? absl::StrFormat("port %d answers", port)
                               : absl::StrFormat("port %d: %s", port, message_of(status));
  result.code = catalogue_code(status).value_or("");
  return result;
}

// Nothing is declared: what the container says of itself.
Async<ProbeResult> probe_inside(const ResolvedWorkload& workload, std::optional<Guest> guest) {
  ProbeResult result;
  result.known = guest.has_value();
  result.message = "no health probe is declared, and the container cannot be looked into just now";
  if (!guest) co_return result;
  const auto inside = co_await look_inside(*guest, workload);
  result.from = ProbeSource::guest;
  result.healthy = inside.ok();
  result.known = inside.ok() || error_class(inside) == ErrorClass::remote;
  result.message = inside.ok() ? std::string("it runs") : message_of(inside);
  result.code = catalogue_code(inside).value_or("");
  co_return result;
}

}  // namespace

Async<ProbeResult> probe(const AppSpec& spec, const ResolvedWorkload& workload, std::string address,
                         Prober& prober, std::optional<Guest> guest) {
  if (!spec.health || (!spec.health->http && !spec.health->tcp))
    co_return co_await probe_inside(workload, std::move(guest));
  const int port = probed_port(spec);
  // Its address means something there only: from here somebody else may answer under it.
  if (guest && is_behind_appliance(spec)) {
    const auto hidden = co_await probe_from_guest(spec, *guest);
    co_return result_of(hidden, ProbeSource::guest, port);
  }
  const auto outside = co_await probe_from_daemon(spec, address, prober);
  if (outside.ok()) co_return result_of(outside, ProbeSource::daemon, port);
  const auto error = error_class(outside);
  const bool no_way = error == ErrorClass::transport || error == ErrorClass::timeout;
  if (!no_way || !guest) co_return result_of(outside, ProbeSource::daemon, port);
  const auto inside = co_await probe_from_guest(spec, *guest);
  co_return result_of(inside, ProbeSource::guest, port);
}

}  // namespace gantry::controllers::app
