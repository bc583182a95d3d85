#include "controllers/appliance/inside/inside.h"

#include <algorithm>
#include <set>

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
  bool tables = false;  // it knows leases or routes
};

constexpr Part kParts[] = {
    {parts::kSystem, "", &ensure_system, &ask_system},
    {parts::kAddress, "", &ensure_address, &ask_address},
    {parts::kForwarding, "NET-002", &ensure_forwarding, &ask_forwarding},
    {parts::kFilter, "NET-001", &ensure_filter, &ask_filter},
    {parts::kNames, "DNS-001", &ensure_names, &ask_names, true, true},
    {parts::kProxy, "PRX-001", &ensure_proxy, &ask_proxy, true, true},
    {parts::kUpstream, "DNS-003", &ensure_upstream, nullptr, false, true},
    {parts::kCertificates, "PRX-008", &ensure_certificates, &ask_certificates, false, true},
    {parts::kBackends, "", &ask_backends, nullptr, false, true},
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
  // Nothing was tried: there is nothing to count.
  if (error_class(status) == ErrorClass::held) {
    failures[part.name] = Failing{0, clock.steady() + kUsual, status};
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

// What a turn is about, and who is told.
struct Telling {
  guest::Report report;
  Loaded loaded;
};

// Through all parts but those that are settled: of them `known` says how they are.
Async<Findings> turn_through(guest::Guest guest, Wanted wanted, Telling telling, Failures& failures,
                             std::set<std::string> settled, Findings known) {
  guest::Setup setup(guest, {}, std::move(telling.report));
  Findings findings;
  if (settled.contains(parts::kProxy)) findings.rejected = known.rejected;
  if (settled.contains(parts::kCertificates))
    findings.certificate_authority = known.certificate_authority;
  int number = 0;
  for (const auto& part : kParts) {
    setup.begin(++number, kPartCount, part.name, false);
    auto done = resting(failures, part, setup.clock().steady());
    if (done.ok() && !settled.contains(part.name)) {
      Turn turn{setup, wanted, findings};
      done = coded(co_await part.ensure(turn), part.code);
      note(failures, part, done, setup.clock());
    }
    const bool stops = !done.ok() && number == 1;
    const bool is_loaded = done.ok() && std::string_view(part.name) == parts::kProxy;
    findings.all.push_back({part.name, std::move(done)});
    if (is_loaded) telling.loaded(findings);
    if (stops) break;
  }
  co_return findings;
}

using Picture = std::map<std::string, std::string>;

// How each part answers its questions; empty when that cannot be told.
Async<Picture> picture_of(guest::Guest guest, Wanted wanted) {
  std::vector<std::string> names;
  std::vector<Questions> all;
  for (const auto& part : kParts) {
    auto questions = part.questions == nullptr ? Questions() : part.questions(wanted);
    if (questions.empty()) continue;
    names.emplace_back(part.name);
    all.push_back(std::move(questions));
  }
  const auto sums = co_await guest::sums_of(guest, std::move(all), kLook);
  Picture picture;
  for (size_t i = 0; i < sums.size(); ++i) picture[names[i]] = sums[i];
  co_return picture;
}

std::set<std::string> same_in(const Picture& one, const Picture& other) {
  std::set<std::string> same;
  for (const auto& [part, sum] : one) {
    const auto found = other.find(part);
    if (found != other.end() && found->second == sum) same.insert(part);
  }
  return same;
}

}  // namespace

Async<Findings> look_again(guest::Guest guest, Wanted wanted, guest::Report report, Loaded loaded,
                           Memory& memory) {
  Telling telling{std::move(report), std::move(loaded)};
  const Time now = guest.clock().steady();
  if (now - memory.turned_at >= kWholeTurn) memory.picture.clear();
  if (memory.picture.empty()) memory.turned_at = now;
  const auto before = co_await picture_of(guest, wanted);
  const auto settled = same_in(before, memory.picture);
  memory.findings = co_await turn_through(guest, wanted, std::move(telling), memory.failing,
                                          settled, memory.findings);
  if (!before.empty() && settled.size() == before.size()) co_return memory.findings;
  // Only what was the same before and after is what the part has found to be well.
  const auto after = co_await picture_of(guest, wanted);
  memory.picture.clear();
  for (const auto& part : same_in(before, after)) {
    const auto* finding = memory.findings.find(part);
    if (finding != nullptr && finding->status.ok()) memory.picture[part] = before.at(part);
  }
  co_return memory.findings;
}

void recall(Memory& memory, std::string place, std::string key) {
  if (memory.key == key) return;
  if (memory.place != place) memory = Memory();
  memory.place = std::move(place);
  memory.key = std::move(key);
  memory.failing.clear();
  for (const auto& part : kParts)
    if (part.tables) memory.picture.erase(part.name);
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
