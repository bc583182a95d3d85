#pragma once
// FaultProfile: the document that says what goes wrong in a lab: by chance, next, and when.
// Example: deploy/examples/faults.yaml; what the words do: pkg/lab/faults.h.
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/lab/faults.h"
#include "pkg/schema/schema.h"

namespace gantry::lab {

// A time as people write it: "250ms", "90s", "1m30s".
struct Span {
  Duration length{};
  bool operator==(const Span&) const = default;
};

// 0 … 1 each: how often.
struct RequestChances {
  double lose_request = 0, lose_answer = 0, delay = 0, duplicate = 0;
  double error_500 = 0, error_595 = 0, error_596 = 0, partial_inventory = 0;
};
struct TaskChances {
  double slow = 0, fail = 0, warn = 0, kill = 0;
};
struct NextRequest {
  RequestFault fault = RequestFault::lose_answer;
  std::string method;  // "" any
  std::string path;    // a part of it; "" any
  int times = 1;
};
struct NextTask {
  TaskFault fault = TaskFault::fail;
  std::string type;  // vzcreate; "" any
  int times = 1;
};
struct LatencyRange {
  Span min, max;
};

struct RequestFaults {
  RequestChances chances;
  LatencyRange latency;
  std::optional<Span> delay_max, late_execution_max;
  std::optional<double> hidden_share;
  std::vector<NextRequest> next;
};
struct TaskFaults {
  TaskChances chances;
  std::optional<Span> slow_max;
  std::vector<NextTask> next;
};

struct LostPrivilege {
  std::string user, privilege;
};
struct FilledStorage {
  std::string storage;
  schema::Quantity size;
};
struct GuestLock {
  int64_t vmid = 0;
  std::string lock = "backup";
};
struct GuestMove {
  int64_t vmid = 0;
  std::string node;
};
// One thing that happens. What lasts is undone after `lasts`, or stays.
struct ScheduledFault {
  Span at;                    // after the start
  std::optional<Span> lasts;  // "for"
  std::optional<Span> every;  // again and again
  std::optional<std::string> node_offline, daemon_down;
  std::optional<bool> quorum_lost;
  std::optional<LostPrivilege> privilege_lost;
  std::optional<FilledStorage> storage_full;
  std::optional<GuestLock> lock_guest;
  std::optional<int64_t> stop_guest, kill_guest, destroy_guest;
  std::optional<GuestMove> move_guest;
};

struct FaultProfile {
  RequestFaults requests;
  TaskFaults tasks;
  std::vector<ScheduledFault> schedule;
};

schema::TypeInfo describe(schema::Type<Span>);
schema::TypeInfo describe(schema::Type<RequestFault>);
schema::TypeInfo describe(schema::Type<TaskFault>);
schema::TypeInfo describe(schema::Type<RequestChances>);
schema::TypeInfo describe(schema::Type<TaskChances>);
schema::TypeInfo describe(schema::Type<NextRequest>);
schema::TypeInfo describe(schema::Type<NextTask>);
schema::TypeInfo describe(schema::Type<LatencyRange>);
schema::TypeInfo describe(schema::Type<RequestFaults>);
schema::TypeInfo describe(schema::Type<TaskFaults>);
schema::TypeInfo describe(schema::Type<LostPrivilege>);
schema::TypeInfo describe(schema::Type<FilledStorage>);
schema::TypeInfo describe(schema::Type<GuestLock>);
schema::TypeInfo describe(schema::Type<GuestMove>);
schema::TypeInfo describe(schema::Type<ScheduledFault>);
schema::TypeInfo describe(schema::Type<FaultProfile>);

// Reads YAML (or JSON). Invalid with "NAME:LINE:COLUMN: path: what would be right" for each
// problem; `name` is the file's.
Result<FaultProfile> parse_profile(const std::string& text, const std::string& name);

// Chances, latencies and what comes next, all at once; what `faults` had before is gone.
void set_faults(const FaultProfile& profile, Faults& faults);
// The chances and times that hold now, as a profile without what comes next and when.
FaultProfile get_faults(const Faults& faults);

}  // namespace gantry::lab
