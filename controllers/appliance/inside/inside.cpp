#include "controllers/appliance/inside/inside.h"

#include <algorithm>

#include "controllers/appliance/inside/parts.h"
#include "pkg/base/text.h"

namespace gantry::controllers::appliance {
namespace {

struct Part {
  const char* name;
  const char* code;  // of what is wrong with it, unless it says so itself
  Async<Status> (*ensure)(Turn);
  Questions (*questions)(const Wanted&);
  bool repairs = true;
};

constexpr Part kParts[] = {
    {parts::kSystem, "", &ensure_system, &ask_system},
    {parts::kAddress, "", &ensure_address, &ask_address},
    {parts::kForwarding, "NET-002", &ensure_forwarding, &ask_forwarding},
    {parts::kFilter, "NET-001", &ensure_filter, &ask_filter},
    {parts::kNames, "DNS-001", &ensure_names, &ask_names},
    {parts::kUpstream, "DNS-003", &ensure_upstream, nullptr, false},
    {parts::kProxy, "PRX-001", &ensure_proxy, &ask_proxy},
    {parts::kCertificates, "PRX-008", &ensure_certificates, &ask_certificates, false},
};
constexpr int kPartCount = static_cast<int>(std::size(kParts));

Status coded(Status status, const char* code) {
  const bool add = !status.ok() && *code != '\0' && !catalogue_code(status);
  return add ? with_code(std::move(status), code) : status;
}

}  // namespace

const Finding* Findings::find(const std::string& part) const {
  const auto found = std::ranges::find(all, part, &Finding::part);
  return found == all.end() ? nullptr : &*found;
}

bool Findings::ok() const {
  return !all.empty() && std::ranges::all_of(all, [](const Finding& finding) {
    return finding.status.ok() || finding.part == parts::kUpstream;
  });
}

namespace {

using std::chrono::seconds;

constexpr seconds kSoon{3};         // between two tries of what is wrong, …
constexpr seconds kLongest{120};    // … in the end
constexpr seconds kUsual{15};       // between two looks at what is well
constexpr seconds kLook{60};        // every question, some of which wait for Apps
constexpr seconds kWholeTurn{600};  // however calm it is

using Failures = std::map<std::string, Failing>;

void note(Failures& failures, const Part& part, Status& status, async::Clock& clock) {
  // The upstream is not ours, and who still boots is not wrong.
  if (status.ok() || part.questions == nullptr || error_class(status) == ErrorClass::locked) {
    failures.erase(part.name);
    return;
  }
  auto& failing = failures[part.name];
  const auto doubled = kSoon * (1 << std::min(failing.times, 8));
  const Duration pause = std::min(doubled, kLongest);
  if (++failing.times > 1)
    status = annotate(std::move(status),
                      absl::StrFormat("failed %d times, tried again at %s", failing.times,
                                      to_rfc3339(clock.now() + pause)));
  failing.again_at = clock.steady() + pause;
  failing.status = status;
}

// OK: it is its turn. Else how it was left.
Status resting(const Failures& failures, const Part& part, Time now) {
  const auto found = failures.find(part.name);
  const bool rests = part.repairs && found != failures.end() && now < found->second.again_at;
  return rests ? found->second.status : Status();
}

Async<Findings> turn_through(guest::Guest guest, Wanted wanted, guest::Report report,
                             Failures& failures) {
  guest::Setup setup(guest, {}, std::move(report));
  Findings findings;
  int number = 0;
  for (const auto& part : kParts) {
    setup.begin(++number, kPartCount, part.name, false);
    auto done = resting(failures, part, setup.clock().steady());
    if (done.ok()) {
      Turn turn{setup, wanted, findings};
      done = coded(co_await part.ensure(turn), part.code);
      note(failures, part, done, setup.clock());
    }
    const bool stops = !done.ok() && number == 1;
    findings.all.push_back({part.name, std::move(done)});
    if (stops) break;
  }
  co_return findings;
}

}  // namespace

Async<Findings> bring_up(guest::Guest guest, Wanted wanted, guest::Report report) {
  Failures none;
  co_return co_await turn_through(guest, std::move(wanted), std::move(report), none);
}

namespace {

// One text that says how all of it is; empty when that cannot be told.
Async<std::string> picture_of(guest::Guest guest, Wanted wanted) {
  Questions questions;
  for (const auto& part : kParts)
    if (part.questions != nullptr)
      std::ranges::move(part.questions(wanted), std::back_inserter(questions));
  auto script = "{ " + join(questions, "; ") + "; } 2>&1 | sha256sum";
  const auto exit = co_await guest.run(guest::argv_of("sh", "-c", std::move(script)), kLook);
  co_return exit.ok() && exit->code == 0 ? exit->out : std::string();
}

// What comes from outside can change without a trace inside.
Async<void> look_upstream(guest::Guest guest, Wanted wanted, Findings& findings) {
  guest::Setup setup(guest, {}, [](const guest::Progress&) {});
  Turn turn{setup, wanted, findings};
  auto status = coded(co_await ensure_upstream(turn), "DNS-003");
  for (auto& finding : findings.all)
    if (finding.part == parts::kUpstream) finding.status = std::move(status);
}

}  // namespace

Async<Findings> look_again(guest::Guest guest, Wanted wanted, guest::Report report,
                           Memory& memory) {
  auto before = co_await picture_of(guest, wanted);
  const Time now = guest.clock().steady();
  const bool known = !before.empty() && before == memory.picture;
  if (known && now - memory.turned_at < kWholeTurn) {
    co_await look_upstream(guest, wanted, memory.findings);
    co_return memory.findings;
  }
  memory.picture.clear();
  memory.findings = co_await turn_through(guest, wanted, std::move(report), memory.failing);
  memory.turned_at = now;
  if (!memory.findings.ok()) co_return memory.findings;
  // Only what was the same before and after is what the parts have found to be well.
  const auto after = co_await picture_of(guest, wanted);
  if (after == before) memory.picture = std::move(before);
  co_return memory.findings;
}

Duration pause_after(const Memory& memory, Time ended_at) {
  if (memory.findings.ok()) return kUsual;
  Duration pause = memory.failing.empty() ? Duration(kSoon) : Duration(kUsual);
  for (const auto& [name, failing] : memory.failing)
    pause = std::min(pause, failing.again_at - ended_at);
  return std::max<Duration>(pause, kSoon);
}

guest::File open_file(const std::string& path, const std::string& content) {
  guest::File file;
  file.path = path;
  file.content = content;
  return file;
}

}  // namespace gantry::controllers::appliance
