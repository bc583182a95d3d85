#include "pkg/apiserver/watch/watch.h"

namespace gantry::apiserver {

std::optional<WatchLimits::Place> WatchLimits::take(const std::string& client) {
  int& open = open_[client];
  if (open >= per_client_) return std::nullopt;
  ++open;
  return Place(*this, client);
}

WatchLimits::Place::~Place() {
  if (limits_ == nullptr) return;
  const auto at = limits_->open_.find(client_);
  if (--at->second == 0) limits_->open_.erase(at);
}

int WatchLimits::open() const {
  int sum = 0;
  for (const auto& [client, count] : open_) sum += count;
  return sum;
}

}  // namespace gantry::apiserver
