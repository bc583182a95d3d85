#include "tests/sim/bugs/bugs.h"

#include <algorithm>
#include <utility>

namespace gantry::sim {
namespace {

const std::vector<std::pair<Bug, const char*>>& names() {
  static const std::vector<std::pair<Bug, const char*>> names{
      {Bug::skip_canary, "skip-canary"},
      {Bug::trust_incomplete, "trust-incomplete"},
      {Bug::skip_quorum, "skip-quorum"},
      {Bug::act_in_observe_mode, "act-in-observe-mode"},
      {Bug::forget_await_on_stop, "forget-await-on-stop"},
      {Bug::retry_create_blindly, "retry-create-blindly"},
      {Bug::ignore_marker, "ignore-marker"},
      {Bug::reuse_vmid_at_once, "reuse-vmid-at-once"},
      {Bug::gone_from_403, "gone-from-403"},
      {Bug::finalizer_before_proof, "finalizer-before-proof"},
  };
  return names;
}

}  // namespace

const std::vector<Bug>& all_bugs() {
  static const std::vector<Bug> all = [] {
    std::vector<Bug> bugs;
    for (const auto& [bug, name] : names()) bugs.push_back(bug);
    return bugs;
  }();
  return all;
}

std::string to_string(Bug bug) {
  return std::ranges::find(names(), bug, &std::pair<Bug, const char*>::first)->second;
}

Result<Bug> parse_bug(const std::string& name) {
  for (const auto& [bug, known] : names()) {
    if (name == known) return bug;
  }
  return invalid("'%s' is no bug", name);
}

}  // namespace gantry::sim
