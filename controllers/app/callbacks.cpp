#include "controllers/app/callbacks.h"

#include <algorithm>

#include "api/meta/condition.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::Machine;
using std::chrono::minutes;

constexpr const char* kReachable = "CallbackReachable";
// Somebody may open a firewall, or close one.
constexpr minutes kWhileClosed{10};
constexpr minutes kWhileOpen{60};

std::string heard_of(const Machine& machine) {
  const auto& annotations = machine.metadata.annotations;
  const auto newest = annotations.find(callback::kHeardAnnotation);
  return newest == annotations.end() ? "" : newest->second;
}

bool is_closed(const Reach& reach) {
  return reach.answer && catalogue_code(*reach.answer) == kCallbackUnreachable;
}

}  // namespace

Callback callback_for(const CallbackOffer& offer, const Machine& machine, Time now) {
  const auto url = absl::StrFormat("%s/apis/gantry.dev/v1alpha1/namespaces/%s/machines/%s/callback",
                                   offer.url, machine.metadata.ns, machine.metadata.name);
  const auto attempt = callback::next_attempt(heard_of(machine), now);
  return Callback{url, offer.ca_pem, offer.tokens.issue(machine.metadata.uid, attempt)};
}

void hear(const Machine& machine, Inside& inside) {
  const auto newest = heard_of(machine);
  if (newest.empty() || newest == inside.heard) return;
  inside.heard = newest;
  inside.probed_at.reset();
  inside.reach_asked_at.reset();
}

bool is_reach_due(const Inside& inside, Time now) {
  if (!inside.reach_asked_at || *inside.reach_asked_at < inside.bootstrapped_at) return true;
  const bool closed = is_closed({"", inside.reach});
  return now - *inside.reach_asked_at >= (closed ? kWhileClosed : kWhileOpen);
}

bool judge_callbacks(App& app, const std::vector<Reach>& reaches, Time now) {
  auto& conditions = app.status.conditions;
  const auto closed = std::ranges::find_if(reaches, &is_closed);
  if (closed == reaches.end()) {
    const bool all_known =
        std::ranges::all_of(reaches, [](const Reach& reach) { return reach.answer.has_value(); });
    if (all_known) api::meta::remove_condition(conditions, kReachable);
    return false;
  }
  const bool is_new = api::meta::find_condition(conditions, kReachable) == nullptr;
  api::meta::Condition condition;
  condition.type = kReachable;
  condition.status = api::meta::ConditionStatus::no;
  condition.observed_generation = app.metadata.generation;
  condition.reason = "CallbackUnreachable";
  condition.message = closed->machine + ": " + message_of(*closed->answer) + "; polling instead";
  condition.code = kCallbackUnreachable;
  set_condition(conditions, std::move(condition), now);
  return is_new;
}

}  // namespace gantry::controllers::app
