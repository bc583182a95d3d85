#pragma once
// Callbacks: how a container is told to call back, and whether it could. Nothing depends on them: a
// container that cannot reach us is asked when it is due, and no App is less ready for it.
#include <optional>
#include <string>
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/machine.h"
#include "controllers/app/bootstrap/callback.h"
#include "controllers/app/jobs.h"
#include "pkg/callback/tokens.h"

namespace gantry::controllers::app {

// Where containers reach the daemon, for callbacks.
struct CallbackOffer {
  std::string url;     // of the API: "https://gantry.lan:6443"
  std::string ca_pem;  // whom to trust there; empty: the system's authorities
  callback::Tokens tokens;
};

// For a bootstrap that begins now: each brings a token that is newer than all before.
Callback callback_for(const CallbackOffer& offer, const api::v1alpha1::Machine& machine, Time now);

// Whatever a container means by it: a probe that would be due later is due now.
void hear(const api::v1alpha1::Machine& machine, Inside& inside);

// Whether it is time to ask a container again if it reaches us.
bool is_reach_due(const Inside& inside, Time now);

// What a container has answered; absent: nobody knows yet.
struct Reach {
  std::string machine;
  std::optional<Status> answer;
};
// The condition CallbackReachable, which is there while one of them cannot reach us (BST-002). What
// is not known yet changes nothing. True when it was not there before.
bool judge_callbacks(api::v1alpha1::App& app, const std::vector<Reach>& reaches, Time now);

}  // namespace gantry::controllers::app
