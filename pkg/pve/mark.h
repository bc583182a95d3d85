#pragma once
// The mark: what a guest carries to say whose it is, beside our row.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/ids.h"

namespace gantry::pve {

// In the description, on a line of its own, set on the create call:
//   gantry:v1 installation=home-1 uid=6f0c… epoch=3
// and as the tag "gantry-<uid>" once the container exists. The mark alone proves nothing (clones
// and restores carry copies); mark and row together do.
struct Mark {
  std::string installation;
  Uid uid;
  int64_t epoch = 0;
  bool operator==(const Mark&) const = default;
};

std::string to_description_line(const Mark& mark);
// Finds the mark in a description, wherever people have added text around it; nullopt when there
// is none or it is damaged.
std::optional<Mark> find_mark(std::string_view description);
// The description with our line added or replaced, everything else kept.
std::string with_mark(std::string_view description, const Mark& mark);

std::string to_tag(const Uid& uid);
// The uid in a guest's tags; nullopt when there is none or more than one.
std::optional<Uid> find_tag(const std::vector<std::string>& tags);

}  // namespace gantry::pve
