#pragma once
// The questions that are answered and not kept: access and token reviews, and token requests.
#include "pkg/apiserver/access.h"
#include "pkg/base/random.h"

namespace gantry::apiserver {

struct ReviewContext {
  // A constructor: g++ 12 destroys aggregates twice that are passed beside a co_await.
  ReviewContext(store::Store& the_store, Access& the_access, const AccountTokens* the_accounts,
                Random* the_random, const User& who, Time when)
      : store(the_store),
        access(the_access),
        accounts(the_accounts),
        random(the_random),
        user(who),
        now(when) {}
  store::Store& store;
  Access& access;
  const AccountTokens* accounts;  // null: none are issued
  Random* random;                 // with accounts
  const User& user;               // who asks
  Time now;
};

// Answers a create of a kind that is not stored (api::meta::Kind::stored): 201 with the status
// filled in, 422 with all that is wrong, 400 for another kind than the path's.
Async<http::Response> answer_review(ReviewContext context, const RequestInfo& info,
                                    const api::meta::Kind& kind, Json body);

// Answers POST serviceaccounts/NAME/token.
http::Response answer_token_request(const ReviewContext& context, const RequestInfo& info,
                                    const Json& body);

}  // namespace gantry::apiserver
