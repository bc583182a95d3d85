#include "pkg/lab/rehearsal/profile.h"

#include "pkg/base/text.h"
#include "pkg/cel/value/time_text.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::lab {
namespace {

constexpr std::array kRequestChances = {
    std::pair(RequestFault::lose_request, &RequestChances::lose_request),
    std::pair(RequestFault::lose_answer, &RequestChances::lose_answer),
    std::pair(RequestFault::delay, &RequestChances::delay),
    std::pair(RequestFault::duplicate, &RequestChances::duplicate),
    std::pair(RequestFault::error_500, &RequestChances::error_500),
    std::pair(RequestFault::error_595, &RequestChances::error_595),
    std::pair(RequestFault::error_596, &RequestChances::error_596),
    std::pair(RequestFault::partial_inventory, &RequestChances::partial_inventory)};
constexpr std::array kTaskChances = {
    std::pair(TaskFault::slow, &TaskChances::slow), std::pair(TaskFault::fail, &TaskChances::fail),
    std::pair(TaskFault::warn, &TaskChances::warn), std::pair(TaskFault::kill, &TaskChances::kill)};

template <class Fault>
double chance_of(const std::map<Fault, double>& chances, Fault fault) {
  const auto it = chances.find(fault);
  return it == chances.end() ? 0 : it->second;
}

std::string with_position(const schema::YamlDocument& document, const schema::Problem& problem,
                          const std::string& name) {
  const auto at = schema::position_of(document, problem.path);
  return absl::StrFormat("%s:%d:%d: %s", name, at.line, at.column, to_string(problem));
}

schema::Problems check(const LatencyRange& range) {
  if (range.min.length <= range.max.length) return {};
  return {{"min", schema::Reason::invalid, "must not be above max"}};
}

schema::Problems check(const ScheduledFault& fault) {
  schema::Problems problems;
  const bool lasts = fault.node_offline || fault.daemon_down || fault.quorum_lost ||
                     fault.privilege_lost || fault.storage_full || fault.lock_guest;
  if (fault.lasts && !lasts) {
    problems.push_back({"for", schema::Reason::forbidden, "this happens once and does not last"});
  }
  if (!fault.every) return problems;
  const auto shortest = fault.lasts.value_or(Span{}).length + std::chrono::seconds(1);
  if (fault.every->length < shortest) {
    problems.push_back(
        {"every", schema::Reason::invalid, "must be longer than \"for\" by a second at least"});
  }
  return problems;
}

}  // namespace

using schema::field;
using schema::object;
using schema::Range;
using schema::required;
using schema::Type;
using schema::TypeInfo;

TypeInfo describe(Type<Span>) {
  TypeInfo info = schema::detail::scalar(schema::Kind::string, "duration");
  info.read = [](const void* value) {
    return Json(cel::to_text(static_cast<const Span*>(value)->length));
  };
  info.write = [](void* value, const Json& json) -> std::optional<std::string> {
    const auto length = json.is_string() ? cel::parse_duration(json.as_string()) : std::nullopt;
    if (!length || *length < Duration::zero() || *length > std::chrono::hours(24 * 365)) {
      return "must be a duration like 250ms, 90s or 1m30s";
    }
    static_cast<Span*>(value)->length = *length;
    return std::nullopt;
  };
  return info;
}

TypeInfo describe(Type<RequestFault>) {
  return schema::enumeration<RequestFault>(
      "RequestFault", "What happens to a request.",
      {"loseRequest", "loseAnswer", "delay", "duplicate", "error500", "error595", "error596",
       "partialInventory"});
}

TypeInfo describe(Type<TaskFault>) {
  return schema::enumeration<TaskFault>("TaskFault", "What happens to a task.",
                                        {"slow", "fail", "warn", "kill"});
}

TypeInfo describe(Type<RequestChances>) {
  using T = RequestChances;
  constexpr Range kShare{0, 1};
  return object<T>(
      "RequestChances", "How often a request meets a fault, from 0 to 1.",
      {field<&T::lose_request>("loseRequest", "The connection ends before anything.", kShare),
       field<&T::lose_answer>("loseAnswer", "The connection ends after the effect.", kShare),
       field<&T::delay>("delay", "Late by up to delayMax, at work or in answering.", kShare),
       field<&T::duplicate>("duplicate", "Executed twice.", kShare),
       field<&T::error_500>("error500", "Refused with a text that means nothing.", kShare),
       field<&T::error_595>("error595", "595 Connection refused; nothing is done.", kShare),
       field<&T::error_596>("error596", "596 after 30 s; executed later all the same.", kShare),
       field<&T::partial_inventory>("partialInventory", "Lists leave out guests, silently.",
                                    kShare)});
}

TypeInfo describe(Type<TaskChances>) {
  using T = TaskChances;
  constexpr Range kShare{0, 1};
  return object<T>("TaskChances", "How often a task meets a fault, from 0 to 1.",
                   {field<&T::slow>("slow", "Sleeps up to slowMax first.", kShare),
                    field<&T::fail>("fail", "Ends with an error before doing anything.", kShare),
                    field<&T::warn>("warn", "Ends \"WARNINGS: 1\".", kShare),
                    field<&T::kill>("kill", "Its worker dies half-way.", kShare)});
}

TypeInfo describe(Type<NextRequest>) {
  using T = NextRequest;
  return object<T>("NextRequest", "What the next requests that match meet.",
                   {field<&T::fault>("fault", "The fault.", required, schema::always),
                    field<&T::method>("method", "GET, POST, PUT or DELETE; any without."),
                    field<&T::path>("path", "A part of the path; any without."),
                    field<&T::times>("times", "How many requests.", Range{1, 1000000})});
}

TypeInfo describe(Type<NextTask>) {
  using T = NextTask;
  return object<T>("NextTask", "What the next tasks of a type meet.",
                   {field<&T::fault>("fault", "The fault.", required, schema::always),
                    field<&T::type>("type", "vzcreate, vzstart, …; any without."),
                    field<&T::times>("times", "How many tasks.", Range{1, 1000000})});
}

TypeInfo describe(Type<LatencyRange>) {
  using T = LatencyRange;
  return schema::checked<T, &check>(
      object<T>("LatencyRange", "How long every request takes.",
                {field<&T::min>("min", "At least."), field<&T::max>("max", "At most.")}));
}

TypeInfo describe(Type<RequestFaults>) {
  using T = RequestFaults;
  return object<T>(
      "RequestFaults", "What happens to requests.",
      {field<&T::chances>("chances", "By chance."),
       field<&T::latency>("latency", "What every request takes besides."),
       field<&T::delay_max>("delayMax", "The longest delay; 5s without."),
       field<&T::late_execution_max>("lateExecutionMax",
                                     "How long after its 596 a request runs at the latest; 90s."),
       field<&T::hidden_share>("hiddenShare", "Of the guests, in a partial inventory; 0.5.",
                               Range{0, 1}),
       field<&T::next>("next", "To the next that match, before any chance.")});
}

TypeInfo describe(Type<TaskFaults>) {
  using T = TaskFaults;
  return object<T>("TaskFaults", "What happens to tasks.",
                   {field<&T::chances>("chances", "By chance."),
                    field<&T::slow_max>("slowMax", "The longest sleep of a slow task; 5m."),
                    field<&T::next>("next", "To the next of a type, before any chance.")});
}

TypeInfo describe(Type<LostPrivilege>) {
  using T = LostPrivilege;
  return object<T>("LostPrivilege", "A privilege that a user and its tokens lose everywhere.",
                   {field<&T::user>("user", "gantry@pve", required),
                    field<&T::privilege>("privilege", "VM.Audit", required)});
}

TypeInfo describe(Type<FilledStorage>) {
  using T = FilledStorage;
  return object<T>("FilledStorage", "Space that somebody else takes.",
                   {field<&T::storage>("storage", "Its id.", required),
                    field<&T::size>("size", "How much.", required)});
}

TypeInfo describe(Type<GuestLock>) {
  using T = GuestLock;
  return object<T>("GuestLock", "A lock in a guest's config.",
                   {field<&T::vmid>("vmid", "Whose.", required),
                    field<&T::lock>("lock", "backup, snapshot, migrate, …")});
}

TypeInfo describe(Type<GuestMove>) {
  using T = GuestMove;
  return object<T>("GuestMove", "A guest that a person moves.",
                   {field<&T::vmid>("vmid", "Which.", required),
                    field<&T::node>("node", "Where to.", required)});
}

TypeInfo describe(Type<ScheduledFault>) {
  using T = ScheduledFault;
  auto info =
      object<T>("ScheduledFault", "One thing that happens at a time.",
                {field<&T::at>("at", "After the start.", required),
                 field<&T::lasts>("for", "How long; for ever without."),
                 field<&T::every>("every", "Again and again, at this distance."),
                 field<&T::node_offline>("nodeOffline", "That node dies."),
                 field<&T::daemon_down>("daemonDown", "pvedaemon of that node does not run."),
                 field<&T::quorum_lost>("quorumLost", "The cluster has no quorum."),
                 field<&T::privilege_lost>("privilegeLost", "A user may less."),
                 field<&T::storage_full>("storageFull", "A storage fills up."),
                 field<&T::lock_guest>("lockGuest", "A guest is locked."),
                 field<&T::stop_guest>("stopGuest", "A person stops that guest, with a task."),
                 field<&T::kill_guest>("killGuest", "That container dies."),
                 field<&T::destroy_guest>("destroyGuest", "A person destroys that guest."),
                 field<&T::move_guest>("moveGuest", "A person moves a guest.")});
  info = schema::one_of(std::move(info),
                        {schema::OneOf::Count::exactly_one,
                         {"nodeOffline", "daemonDown", "quorumLost", "privilegeLost", "storageFull",
                          "lockGuest", "stopGuest", "killGuest", "destroyGuest", "moveGuest"}});
  return schema::checked<T, &check>(std::move(info));
}

TypeInfo describe(Type<FaultProfile>) {
  using T = FaultProfile;
  return object<T>(
      "FaultProfile", "What goes wrong in a lab.",
      {field<&T::requests>("requests", "With requests."), field<&T::tasks>("tasks", "With tasks."),
       field<&T::schedule>("schedule", "At a time.")});
}

Result<FaultProfile> parse_profile(const std::string& text, const std::string& name) {
  auto documents = schema::parse_yaml(text);
  if (!documents.ok()) return annotate(documents.status(), name);
  if (documents->empty()) return FaultProfile();
  if (documents->size() > 1) return invalid("%s: one document, please", name);
  schema::Problems problems;
  auto profile = schema::decode<FaultProfile>(documents->front().value, problems);
  if (profile.ok()) return profile;
  std::vector<std::string> lines;
  for (const auto& problem : problems) {
    lines.push_back(with_position(documents->front(), problem, name));
  }
  return make_error(ErrorClass::invalid, join(lines, "\n"));
}

void set_faults(const FaultProfile& profile, Faults& faults) {
  faults = Faults();
  const auto& requests = profile.requests;
  const auto& tasks = profile.tasks;
  for (const auto& [fault, member] : kRequestChances) {
    faults.request_chances[fault] = requests.chances.*member;
  }
  for (const auto& [fault, member] : kTaskChances) {
    faults.task_chances[fault] = tasks.chances.*member;
  }
  faults.latency_min = requests.latency.min.length;
  faults.latency_max = requests.latency.max.length;
  if (requests.delay_max) faults.delay_max = requests.delay_max->length;
  if (requests.late_execution_max) {
    faults.late_execution_max = requests.late_execution_max->length;
  }
  faults.hidden_share = requests.hidden_share.value_or(faults.hidden_share);
  if (tasks.slow_max) faults.slow_max = tasks.slow_max->length;
  for (const auto& next : requests.next) {
    faults.next_request(next.fault, next.method, next.path, next.times);
  }
  for (const auto& next : tasks.next) faults.next_task(next.fault, next.type, next.times);
}

FaultProfile get_faults(const Faults& faults) {
  FaultProfile profile;
  for (const auto& [fault, member] : kRequestChances) {
    profile.requests.chances.*member = chance_of(faults.request_chances, fault);
  }
  for (const auto& [fault, member] : kTaskChances) {
    profile.tasks.chances.*member = chance_of(faults.task_chances, fault);
  }
  profile.requests.latency = {Span{faults.latency_min}, Span{faults.latency_max}};
  profile.requests.delay_max = Span{faults.delay_max};
  profile.requests.late_execution_max = Span{faults.late_execution_max};
  profile.requests.hidden_share = faults.hidden_share;
  profile.tasks.slow_max = Span{faults.slow_max};
  return profile;
}

}  // namespace gantry::lab
