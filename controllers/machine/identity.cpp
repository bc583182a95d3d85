#include "controllers/machine/identity.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::controllers::machine {

std::vector<std::string> split_tags(std::string_view tags) {
  std::string text(tags);
  std::ranges::replace_if(
      text, [](char c) { return c == ',' || c == ' '; }, ';');
  auto parts = split(text, ';');
  std::erase(parts, "");
  return parts;
}

bool is_unfinished(const pve::GuestConfig& config) {
  return config.values.size() == 1 && config.find("lock") == "create";
}

bool carries_mark(const pve::GuestConfig& config) {
  return pve::find_mark(config.find("description").value_or("")).has_value() ||
         pve::find_tag(split_tags(config.find("tags").value_or(""))).has_value();
}

Occupant identify(const pve::GuestConfig& config, const store::GuestRow& row,
                  const std::string& installation) {
  // Whether that create was ours the row's task must say; the plan asks.
  if (is_unfinished(config)) return Occupant::unfinished;
  if (const auto mark = pve::find_mark(config.find("description").value_or(""))) {
    const bool ours = mark->uid == row.uid && mark->installation == installation;
    return ours ? Occupant::ours : Occupant::stranger;
  }
  const auto tag = pve::find_tag(split_tags(config.find("tags").value_or("")));
  const bool ours = tag.has_value() && pve::to_tag(*tag) == pve::to_tag(row.uid);
  return ours ? Occupant::ours : Occupant::stranger;
}

}  // namespace gantry::controllers::machine
