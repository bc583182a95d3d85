#include "api/meta/seed.h"

namespace gantry::api::meta {

void seed_status(const Kind& kind, Json& object, Time now) {
  if (!kind.has_status) return;
  const auto* status = kind.type()->field("status");
  if (status == nullptr) return;
  if (kind.kind == "Namespace") object.member("status").set("phase", "Active");
  if (status->type()->field("conditions") == nullptr) return;
  Json ready;
  ready.set("type", "Ready");
  ready.set("status", "Unknown");
  ready.set("reason", "Pending");
  ready.set("message", "has just been created and was not looked at yet");
  ready.set("lastTransitionTime", to_rfc3339(now));
  Json seeded;
  seeded.set("observedGeneration", int64_t{0});
  seeded.member("conditions").push_back(std::move(ready));
  object.set("status", std::move(seeded));
}

}  // namespace gantry::api::meta
