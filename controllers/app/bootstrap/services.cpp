// The services of a project: how they are, and waiting until they are well.
#include <algorithm>

#include "controllers/app/bootstrap/docker.h"
#include "controllers/app/bootstrap/symptoms.h"
#include "controllers/app/bootstrap/volume_access.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using Verdict = ServiceState::Verdict;

constexpr std::chrono::seconds kLook{2};

// Fields divided by tabs: statuses have spaces.
constexpr const char* kListFormat =
    "{{.ID}}\t{{.Label \"com.docker.compose.service\"}}\t{{.State}}\t{{.Status}}";

std::string text_of(const ServiceState& state) {
  return state.service + ": " + to_lower(state.status);
}

// "web (health: starting)", "db (restarting)": without the seconds that Docker counts.
std::string short_text_of(const ServiceState& state) {
  const auto bracket = state.status.find('(');
  const bool has_health = state.state == "running" && bracket != std::string::npos;
  const auto what = has_health ? state.status.substr(bracket) : "(" + state.state + ")";
  return state.service + " " + what;
}

std::string texts_of(const std::vector<ServiceState>& states, Verdict verdict) {
  std::vector<std::string> texts;
  for (const auto& state : states)
    if (state.verdict() == verdict) texts.push_back(short_text_of(state));
  return join(texts, ", ");
}

bool has(const std::vector<ServiceState>& states, Verdict verdict) {
  return std::ranges::any_of(
      states, [verdict](const ServiceState& state) { return state.verdict() == verdict; });
}

// The statuses count seconds: what has really changed is the rest.
std::string picture_of(const std::vector<ServiceState>& states) {
  std::string picture;
  for (const auto& state : states) {
    picture += state.id + state.state;
    if (const auto bracket = state.status.find('('); bracket != std::string::npos)
      picture += state.status.substr(bracket, state.status.find(')') - bracket);
    picture += ";";
  }
  return picture;
}

Async<std::string> last_words(Setup& setup, std::string id) {
  auto exit = co_await setup.ask(argv_of("docker", "logs", "--tail", "5", id));
  if (!exit.ok()) co_return std::string();
  auto line = last_line(exit->err);
  if (line.empty()) line = last_line(exit->out);
  co_return line;
}

Async<bool> was_killed_for_memory(Setup& setup, std::string id) {
  auto exit =
      co_await setup.ask(argv_of("docker", "inspect", "--format", "{{.State.OOMKilled}}", id));
  co_return exit.ok() && trim(exit->out) == "true";
}

// Why a service that has had its time is not well.
Async<Status> verdict_on(Setup& setup, ServiceState state) {
  const bool killed = co_await was_killed_for_memory(setup, state.id);
  const auto words = co_await last_words(setup, state.id);
  const auto message = text_of(state) + (words.empty() ? "" : ": " + words);
  const auto why = make_error(ErrorClass::remote, message);
  if (killed) co_return with_code(why, "CT-014");
  const auto denied = co_await explain_denied(setup, state.id, words);
  if (!denied.empty()) {
    co_return with_code(make_error(ErrorClass::remote, message + "; " + denied), "STO-004");
  }
  const bool unhealthy = state.state == "running";
  co_return diagnosed(why, unhealthy ? "WKL-008" : "WKL-003");
}

}  // namespace

Verdict ServiceState::verdict() const {
  if (state == "exited") return status.starts_with("Exited (0)") ? Verdict::well : Verdict::failed;
  if (state == "running") {
    if (status.find("(unhealthy)") != std::string::npos) return Verdict::failed;
    return status.find("(health: starting)") != std::string::npos ? Verdict::coming : Verdict::well;
  }
  if (state == "created" || state == "removing") return Verdict::coming;
  return Verdict::failed;  // restarting, dead, paused
}

std::vector<ServiceState> read_states(const std::string& text) {
  std::vector<ServiceState> states;
  for (const auto& line : split(text, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() == 4) states.push_back({fields[0], fields[1], fields[2], fields[3]});
  }
  std::ranges::sort(states, {},
                    [](const ServiceState& state) { return std::pair(state.service, state.id); });
  return states;
}

Async<Result<std::vector<ServiceState>>> states_of(Setup& setup) {
  const auto filter = "label=com.docker.compose.project=" + setup.workload().compose->project;
  auto listed = co_await setup.must(
      argv_of("docker", "ps", "-a", "--no-trunc", "--filter", filter, "--format", kListFormat));
  if (!listed.ok()) co_return diagnosed(listed.status(), "DKR-002");
  co_return read_states(*listed);
}

Async<Status> await_services(Setup& setup) {
  setup.look("waiting until the services are healthy");
  std::string before;
  Time changed = setup.clock().steady();
  while (true) {
    GANTRY_CO_TRY_ASSIGN(const auto states, co_await states_of(setup));
    const auto picture = picture_of(states);
    const Time now = setup.clock().steady();
    if (picture != before) changed = now;
    before = picture;
    const bool failed = has(states, Verdict::failed);
    if (!failed && !has(states, Verdict::coming)) co_return Status();
    if (now - changed >= setup.workload().compose->startup) {
      const auto bad = std::ranges::find_if(states, [failed](const ServiceState& state) {
        return state.verdict() == (failed ? Verdict::failed : Verdict::coming);
      });
      co_return co_await verdict_on(setup, *bad);
    }
    const auto waiting = texts_of(states, failed ? Verdict::failed : Verdict::coming);
    setup.look("waiting for " + waiting);
    GANTRY_CO_TRY(co_await setup.clock().sleep_for(kLook));
  }
}

}  // namespace gantry::controllers::app
