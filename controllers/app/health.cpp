#include "controllers/app/health.h"

#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::AppSpec;
using api::v1alpha1::Health;
using api::v1alpha1::ProbeSource;

// Debian's bash speaks TCP; a minimal container has neither curl nor nc. Port and path are
// arguments of the script, never part of its text.
constexpr const char* kHttpScript =
    "exec 3<>/dev/tcp/127.0.0.1/$1 && "
    "printf 'GET %s HTTP/1.0\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' \"$2\" >&3 "
    "&& "
    "head -n 1 <&3";
constexpr const char* kTcpScript = "exec 3<>/dev/tcp/127.0.0.1/$1";

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
  auto exit =
      co_await guest.run(argv_of("bash", "-c", script, "probe", port, path), health.timeout);
  if (!exit.ok()) co_return exit.status();
  if (exit->code != 0) co_return make_error(ErrorClass::remote, last_line(exit->err));
  if (!health.http) co_return Status();
  co_return judge_status_line(exit->out);
}

ProbeResult result_of(const Status& status, ProbeSource from, int port) {
  ProbeResult result;
  result.healthy = status.ok();
  result.from = from;
  result.message = status.ok() ? absl::StrFormat("port %d answers", port)
                               : absl::StrFormat("port %d: %s", port, message_of(status));
  return result;
}

}  // namespace

Async<ProbeResult> probe(const AppSpec& spec, std::string address, Prober& prober,
                         std::optional<Guest> guest) {
  ProbeResult result;
  if (!spec.health || (!spec.health->http && !spec.health->tcp)) {
    result.healthy = true;
    result.message = "no health probe is declared";
    co_return result;
  }
  const int port = probed_port(spec);
  const auto outside = co_await probe_from_daemon(spec, address, prober);
  if (outside.ok()) co_return result_of(outside, ProbeSource::daemon, port);
  const auto error = error_class(outside);
  const bool no_way = error == ErrorClass::transport || error == ErrorClass::timeout;
  if (!no_way || !guest) co_return result_of(outside, ProbeSource::daemon, port);
  const auto inside = co_await probe_from_guest(spec, *guest);
  co_return result_of(inside, ProbeSource::guest, port);
}

}  // namespace gantry::controllers::app
