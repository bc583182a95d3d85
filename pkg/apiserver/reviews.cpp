#include "pkg/apiserver/reviews.h"

#include "api/access/authorization.h"
#include "pkg/apiserver/write/admission.h"
#include "pkg/schema/codec.h"

namespace gantry::apiserver {
namespace {

namespace access = api::access;

access::UserInfo info_of(const User& user) {
  access::UserInfo info;
  info.username = user.name;
  info.uid = user.uid;
  info.groups = user.groups;
  info.extra = user.extra;
  return info;
}

template <class Spec>
Attributes attributes_of(const Spec& spec) {
  Attributes wanted;
  if (spec.resource_attributes) {
    const auto& asked = *spec.resource_attributes;
    wanted.verb = asked.verb;
    wanted.group = asked.group;
    wanted.resource = asked.resource;
    wanted.subresource = asked.subresource;
    wanted.ns = asked.ns;
    wanted.name = asked.name;
    return wanted;
  }
  wanted.is_resource = false;
  wanted.verb = spec.non_resource_attributes->verb;
  wanted.path = spec.non_resource_attributes->path;
  return wanted;
}

access::AccessStatus status_of_decision(const Decision& decision) {
  access::AccessStatus status;
  status.allowed = decision.allowed;
  status.reason = decision.reason;
  return status;
}

access::RulesStatus rules_status(const Rules& rules) {
  access::RulesStatus status;
  for (const auto& rule : rules) {
    if (!rule.non_resource_urls.empty())
      status.non_resource_rules.push_back({rule.verbs, rule.non_resource_urls});
    else
      status.resource_rules.push_back(
          {rule.verbs, rule.api_groups, rule.resources, rule.resource_names});
  }
  return status;
}

// Encodes the answer; what the schema leaves out when it is empty stays out.
template <class Review>
http::Response created(const Review& review) {
  Json body = schema::encode(review);
  if (body.find("metadata") == nullptr) body.set("metadata", Json::object());
  return json_response(201, body);
}

// Of another kind than T the store would not know either: the body was checked before.
template <class T>
T read(const Json& body) {
  return schema::decode_stored<T>(body).value_or(T());
}

http::Response answer_other(const ReviewContext& context, const RequestInfo& info,
                            const Json& body) {
  auto review = read<access::SubjectAccessReview>(body);
  const bool local = info.plural == "localsubjectaccessreviews";
  auto wanted = attributes_of(review.spec);
  if (local && (!wanted.is_resource || wanted.ns != info.ns))
    return bad_request("spec.resourceAttributes.namespace must match the namespace of the path (" +
                       info.ns + ")")
        .to_response();
  User user;
  user.name = review.spec.user;
  user.groups = review.spec.groups;
  review.status = status_of_decision(context.access.rbac().authorize(user, wanted));
  review.kind = local ? "LocalSubjectAccessReview" : "SubjectAccessReview";
  return created(review);
}

Async<http::Response> answer_token(const ReviewContext& context, const Json& body) {
  auto review = read<access::TokenReview>(body);
  std::vector<std::string> audiences = review.spec.audiences;
  if (audiences.empty()) audiences.emplace_back(kAudience);
  std::string token = std::exchange(review.spec.token, "");  // it is not said again
  const auto user =
      co_await context.access.authenticator().identify(std::move(token), audiences, context.now);
  review.status.authenticated = user.ok();
  if (user.ok()) {
    review.status.user = info_of(*user);
    review.status.audiences = audiences;
  } else {
    review.status.error = error_class(user.status()) == ErrorClass::auth
                              ? "the token is not good"
                              : message_of(user.status());
  }
  co_return created(review);
}

std::vector<Cause> causes_of(const schema::Problems& problems) {
  std::vector<Cause> causes;
  for (const auto& problem : problems)
    causes.push_back({"FieldValueInvalid", "Invalid value: " + problem.message, problem.path});
  return causes;
}

}  // namespace

Async<http::Response> answer_review(ReviewContext context, const RequestInfo& info,
                                    const api::meta::Kind& kind, Json body) {
  const std::vector<Validator> none;
  Admission admission{kind, info, none, FieldValidation::strict, nullptr, {}, {}};
  if (auto wrong = admission.admit(body)) co_return wrong->to_response();
  auto& rbac = context.access.rbac();
  if (kind.kind == "SelfSubjectAccessReview") {
    auto review = read<access::SelfSubjectAccessReview>(body);
    review.status = status_of_decision(rbac.authorize(context.user, attributes_of(review.spec)));
    co_return created(review);
  }
  if (kind.kind == "SelfSubjectRulesReview") {
    auto review = read<access::SelfSubjectRulesReview>(body);
    if (review.spec.ns.empty()) co_return bad_request("spec.namespace must be given").to_response();
    review.status = rules_status(rbac.rules_for(context.user, review.spec.ns));
    co_return created(review);
  }
  if (kind.kind == "SelfSubjectReview") {
    auto review = read<access::SelfSubjectReview>(body);
    review.status.user_info = info_of(context.user);
    co_return created(review);
  }
  if (kind.kind == "TokenReview") co_return co_await answer_token(context, body);
  co_return answer_other(context, info, body);
}

http::Response answer_token_request(const ReviewContext& context, const RequestInfo& info,
                                    const Json& body) {
  if (context.accounts == nullptr)
    return to_api_error(error(ErrorClass::unsupported, "this server issues no tokens"), info)
        .to_response();
  schema::Problems problems;
  auto request = schema::decode<access::TokenRequest>(body, problems);
  if (!request.ok())
    return invalid_object(info, "TokenRequest", info.name, causes_of(problems)).to_response();
  const store::Key account{"serviceaccounts", info.ns, info.name};
  const auto issued =
      context.accounts->issue(context.store, account, *context.random, context.now, *request);
  if (!issued.ok()) return to_api_error(issued, info).to_response();
  request->metadata.name = info.name;
  request->metadata.ns = info.ns;
  return created(*request);
}

}  // namespace gantry::apiserver
