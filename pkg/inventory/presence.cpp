#include "pkg/inventory/presence.h"

namespace gantry::inventory {
namespace {

constexpr size_t kWitnessesMax = 64;

PresenceAnswer unknown(std::string reason) {
  return {Presence::unknown, std::move(reason)};
}

}  // namespace

PresenceAnswer presence_of(const std::deque<Witness>& witnesses, VmId vmid,
                           const std::optional<NodeName>& create_node) {
  if (witnesses.empty()) return unknown("nothing has been observed yet");
  const auto& newest = witnesses.back();
  if (newest.listed.contains(vmid)) return {Presence::present, "listed"};
  if (!newest.trustworthy) return unknown("the inventory is not to be trusted: " + newest.problem);
  // By iterator: clang 14 cannot read this library's std::views.
  for (auto it = witnesses.rbegin(); it != witnesses.rend(); ++it) {
    const auto& witness = *it;
    const auto ago = human_duration(newest.at - witness.at);
    if (witness.listed.contains(vmid)) return unknown("it was still listed " + ago + " ago");
    if (witness.busy.contains(vmid)) return unknown("a task on it ran " + ago + " ago");
    if (!witness.trustworthy) continue;
    if (create_node && !witness.asked.contains(*create_node))
      return unknown("its create task may run on node " + create_node->get() +
                     ", which was not asked");
    if (newest.at - witness.at >= kAbsenceSpan)
      return {Presence::absent, "two complete cycles " + ago + " apart do not list it"};
  }
  return unknown("not listed, but no second complete cycle " + human_duration(kAbsenceSpan) +
                 " earlier agrees yet");
}

void forget_old(std::deque<Witness>& witnesses) {
  const auto newest = witnesses.empty() ? Time() : witnesses.back().at;
  // The second oldest already spans enough: nobody needs the oldest.
  while (witnesses.size() > 2 && witnesses[1].trustworthy &&
         newest - witnesses[1].at >= kAbsenceSpan)
    witnesses.pop_front();
  while (witnesses.size() > kWitnessesMax) witnesses.pop_front();
}

}  // namespace gantry::inventory
