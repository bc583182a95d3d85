#include "tests/sim/records.h"

#include "pkg/pve/mark.h"

namespace gantry::sim {

std::string text_of(const lab::GuestRecord& guest) {
  std::string text = guest.pool + (guest.running ? " running" : " stopped");
  for (const auto& [key, value] : guest.config) {
    // A clone locks its source for a while.
    if (key != "lock") text += "\n" + key + ": " + value;
  }
  return text;
}

std::set<std::string> volumes_of(const lab::GuestRecord& guest) {
  std::set<std::string> volumes;
  for (const auto& [key, value] : guest.config) {
    if (key.starts_with("mp") || key.starts_with("unused"))
      volumes.insert(value.substr(0, value.find(',')));
  }
  return volumes;
}

std::optional<Uid> uid_of(const lab::GuestRecord& guest) {
  const auto description = guest.config.find("description");
  if (description == guest.config.end()) return std::nullopt;
  const auto mark = pve::find_mark(description->second);
  if (!mark.has_value()) return std::nullopt;
  return mark->uid;
}

}  // namespace gantry::sim
