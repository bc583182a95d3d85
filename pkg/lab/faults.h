#pragma once
// What the lab does wrong on purpose. Two ways: chances (drawn from the lab's Random, so that a
// seed repeats them) and a script (the next request or task that matches).
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/ids.h"
#include "pkg/base/random.h"
#include "pkg/base/time.h"

namespace gantry::lab {

enum class RequestFault {
  lose_request,       // the connection ends before anything happened
  lose_answer,        // … after the effect
  delay,              // late by up to `delay_max`: executed late, or at once and answered late
  duplicate,          // executed twice, as a proxy that retries does; the second answer comes back
  error_500,          // refused with a text that means nothing
  error_595,          // pvedaemon down: "595 Connection refused", nothing done
  error_596,          // "596 Connection timed out" after 30 s; the request is executed later
  partial_inventory,  // lists leave out guests, without a word
};
enum class TaskFault {
  slow,  // sleeps up to `slow_max` first
  fail,  // ends with an error before doing anything
  warn,  // ends "WARNINGS: 1"
  kill,  // the worker dies half-way: "unexpected status", no clean-up
};
// What others than root@pam get of features that only root@pam may set, when they clone a
// container.
enum class CloneFlags {
  kept,     // as 9.2 does
  lost,     // left out without a word
  refused,  // 403
};
std::string_view to_string(RequestFault fault);
std::string_view to_string(TaskFault fault);

// Read at every request and every task; change it at any time.
class Faults {
 public:
  // 0 … 1, how often; absent means never.
  std::map<RequestFault, double> request_chances;
  std::map<TaskFault, double> task_chances;
  Duration delay_max = std::chrono::seconds(5);
  Duration late_execution_max = std::chrono::seconds(90);  // after a 596
  Duration slow_max = std::chrono::minutes(5);
  double hidden_share = 0.5;  // of the guests, in a partial inventory
  // What every request takes besides; 0 and 0: nothing.
  Duration latency_min{}, latency_max{};
  CloneFlags clone_flags = CloneFlags::kept;

  // The next `times` requests whose method is `method` ("" any) and whose path contains `path`.
  void next_request(RequestFault fault, std::string method, std::string path, int times = 1);
  // The next `times` tasks of that type ("vzcreate"; "" any).
  void next_task(TaskFault fault, std::string type, int times = 1);
  // No chances, no script, no latency.
  void clear();

  // Used by the lab: what this request or task meets. Scripts come before chances.
  std::optional<RequestFault> draw_request(Random& random, const std::string& method,
                                           const std::string& path);
  std::optional<TaskFault> draw_task(Random& random, const std::string& type);
  Duration draw_latency(Random& random) const;

 private:
  struct ScriptedRequest {
    RequestFault fault;
    std::string method, path;
    int times;
  };
  struct ScriptedTask {
    TaskFault fault;
    std::string type;
    int times;
  };
  std::vector<ScriptedRequest> scripted_requests_;
  std::vector<ScriptedTask> scripted_tasks_;
};

}  // namespace gantry::lab
