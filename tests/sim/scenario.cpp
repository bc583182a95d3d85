#include "tests/sim/scenario.h"

#include "tests/sim/actors.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

// What must have passed at the latest once nothing goes wrong any more: holds of people, unclear
// calls, back-off and budgets included.
constexpr auto kConvergence = 3h;
// With a bug it may never be; what harm it does is done long before.
constexpr auto kPatienceWithBug = 15min;
constexpr auto kGlance = 15s;
constexpr auto kTidyEvery = 10min;
// What was answered 596, delayed or doubled is executed by then.
constexpr auto kExecutedLate = 150s;
constexpr auto kQuiet = 90s;
// In that time an object may be looked at so often without being wrong …
constexpr uint64_t kLooksMost = 24;
// … and numbers that always change be written so often: every minute.
constexpr int64_t kHeartbeatsMost = 3;

class Scenario {
 public:
  Scenario(uint64_t seed, bool verbose, const Bugs& bugs)
      : seed_(seed),
        has_bug_(!bugs.empty()),
        random_(seed * 7919 + 17),
        swarm_(draw_swarm(random_, seed)),
        world_(with_bugs(world_options(seed, swarm_, verbose), bugs)),
        user_(world_, swarm_, random_),
        person_(world_, swarm_, random_),
        misfortune_(world_, swarm_, random_) {}

  Report run() {
    if (swarm_.appliance) world_.create_appliance();
    draw_faults(world_, swarm_, random_);
    start_all();
    if (swarm_.moves) allow_moves();
    if (swarm_.updates) world_.let_versions_fail();
    if (swarm_.compose) world_.offer_images();
    const auto count = (swarm_.crowd ? 8 : 2) + random_.below(4);
    for (uint64_t i = 0; i < count; ++i) user_.create();
    const auto rounds = 6 + random_.below(14);
    for (uint64_t i = 0; i < rounds; ++i) {
      world_.run_for(std::chrono::seconds(1 + random_.below(40)));
      misfortune_.act();
      if (random_.unit() < 0.5) user_.act();
      if (swarm_.people && random_.unit() < 0.4) person_.act();
      if (is_caught()) return report();
    }
    end_faults();
    converge();
    if (swarm_.updates) play_versions();
    if (swarm_.tank) play_data();
    if (!is_caught()) be_quiet();
    if (swarm_.appliance && problems_.empty() && !is_caught()) {
      user_.leave();
      converge_again();
    }
    return report();
  }

 private:
  static WorldOptions with_bugs(WorldOptions options, const Bugs& bugs) {
    options.bugs = bugs;
    return options;
  }

  // As role.sh --moves does.
  void allow_moves() {
    (void)world_.lab->add_role("GantryMoves", {"VM.Migrate"});
    (void)world_.lab->grant("/pool/gantry", "gantry@pve", "GantryMoves");
  }

  void start_all() {
    for (size_t number = 0; number < world_.host_count(); ++number) {
      if (!world_.host(number).runs()) world_.start_daemon(number);
    }
  }

  // Of a bug's run the first violation is enough.
  bool is_caught() const { return has_bug_ && !world_.violations().empty(); }

  bool may_be_executed_late() const {
    using enum lab::RequestFault;
    const auto& chances = world_.lab->faults().request_chances;
    return chances.contains(error_596) || chances.contains(delay) || chances.contains(duplicate);
  }

  void end_faults() {
    world_.trace.note(world_.now(), "faults end");
    const bool late = may_be_executed_late();
    misfortune_.end();
    world_.run_for(late ? kExecutedLate : 10s);
    misfortune_.end();  // what users take back was perhaps not written: the database was away
    person_.tidy_up();
    start_all();
    ended_ = world_.now();
  }

  void converge() {
    const auto deadline = world_.now() + (has_bug_ ? Duration(kPatienceWithBug) : kConvergence);
    auto tidied = ended_;
    while (world_.now() < deadline && !is_caught()) {
      world_.run_for(kGlance);
      world_.see_what_users_have();
      if (world_.unmet().empty()) break;
      if (world_.now() - tidied < kTidyEvery) continue;
      person_.tidy_up();
      tidied = world_.now();
    }
    converged_after_ = world_.now() - ended_;
    for (const auto& what : world_.unmet()) problems_.push_back("not converged: " + what);
    world_.note_what_there_is();
    for (const auto& what : world_.leaks()) problems_.push_back("leaked: " + what);
  }

  void converge_again() {
    if (!problems_.empty() || is_caught()) return;
    ended_ = world_.now();
    converge();
  }

  // In quiet, too: what has been good is to be good again by itself.
  void play_versions() {
    if (user_.mend_versions()) converge_again();
    if (problems_.empty() && user_.spoil_versions()) converge_again();
    if (problems_.empty() && user_.mend_versions()) converge_again();
  }

  // In quiet, too: another version goes out, and then what the one before has left comes back.
  void play_data() {
    constexpr auto kUntilItIsBegun = 1min;
    if (!problems_.empty() || !user_.renew_versions()) return;
    converge_again();
    if (problems_.empty()) user_.put_all_data_back();
    world_.run_for(kUntilItIsBegun);
    converge_again();
  }

  void be_quiet() {
    if (!problems_.empty()) return;
    world_.run_for(1min);
    const auto writes = world_.writes();
    const auto revision = world_.disk.image.revision;
    const auto looks = looks_so_far();
    world_.run_for(kQuiet);
    if (world_.writes() != writes) problems_.emplace_back("not quiet: Proxmox is still written to");
    const auto objects = world_.wanted().size() + world_.wanted_apps().size();
    const auto heartbeats = (static_cast<int64_t>(objects) + 3) * kHeartbeatsMost;
    if (world_.disk.image.revision - revision > heartbeats) {
      problems_.push_back("not quiet: " + std::to_string(world_.disk.image.revision - revision) +
                          " writes to the store in 90 s");
    }
    const auto looked = looks_so_far() - looks;
    if (looked > (objects + 3) * kLooksMost) {
      problems_.push_back("hot: " + std::to_string(looked) + " reconciles in 90 s");
    }
    for (const auto& what : world_.unmet()) problems_.push_back("undone again: " + what);
  }

  uint64_t looks_so_far() const {
    uint64_t looks = 0;
    const auto* daemon = world_.leader();
    if (daemon == nullptr) return looks;
    for (const auto& [controller, count] : daemon->counters().reconciles()) looks += count;
    return looks;
  }

  Report report() {
    Report report;
    report.seed = seed_;
    report.hash = world_.trace.hash();
    for (const auto& what : world_.violations()) report.problems.push_back(what);
    for (const auto& what : problems_) report.problems.push_back(what);
    report.last.assign(world_.trace.last().begin(), world_.trace.last().end());
    report.simulated = world_.now() - from_unix_seconds(1'800'000'000);
    report.converged_after = converged_after_;
    report.writes = world_.writes();
    report.reached = world_.reached;
    return report;
  }

  uint64_t seed_;
  bool has_bug_;
  SeededRandom random_;
  Swarm swarm_;
  World world_;
  UserActor user_;
  PersonActor person_;
  Misfortune misfortune_;
  Time ended_;
  Duration converged_after_{};
  std::vector<std::string> problems_;
};

}  // namespace

std::string Report::line() const {
  auto text =
      absl::StrFormat("seed %d: %s simulated, %d writes, converged %s after the faults", seed,
                      human_duration(simulated), writes, human_duration(converged_after));
  for (const auto& problem : problems) text += "\n  " + problem;
  if (!problems.empty()) text += absl::StrFormat("\n  again: ./dev sim --seed %d --verbose", seed);
  return text;
}

Report run_seed(uint64_t seed, bool verbose, const Bugs& bugs) {
  Scenario scenario(seed, verbose, bugs);
  return scenario.run();
}

Report run_seed_twice(uint64_t seed) {
  auto report = run_seed(seed, false);
  const auto again = run_seed(seed, false);
  if (again.hash != report.hash) report.problems.emplace_back("two runs differ");
  return report;
}

}  // namespace gantry::sim
