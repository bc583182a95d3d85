#include "api/access/authentication.h"

namespace gantry::api::access {

using namespace schema;

TypeInfo describe(Type<UserInfo>) {
  return object<UserInfo>("UserInfo", "A user.",
                          {
                              field<&UserInfo::username>("username", "Its name."),
                              field<&UserInfo::uid>("uid", "Unique for ever, when it is known."),
                              field<&UserInfo::groups>("groups", "Its groups."),
                              field<&UserInfo::extra>("extra", "What else is known."),
                          });
}

TypeInfo describe(Type<TokenReviewSpec>) {
  return object<TokenReviewSpec>(
      "TokenReviewSpec", "The token.",
      {
          field<&TokenReviewSpec::token>("token", "The bearer token.", schema::secret),
          field<&TokenReviewSpec::audiences>("audiences",
                                             "Whom it must be for; empty: this server."),
      });
}
TypeInfo describe(Type<TokenReviewStatus>) {
  return object<TokenReviewStatus>(
      "TokenReviewStatus", "Whose it is.",
      {
          field<&TokenReviewStatus::authenticated>("authenticated", "True: the token is good."),
          field<&TokenReviewStatus::user>("user", "Whose it is."),
          field<&TokenReviewStatus::audiences>("audiences", "Which of the audiences it is for."),
          field<&TokenReviewStatus::error>("error", "Why it could not be checked."),
      });
}
TypeInfo describe(Type<TokenReview>) {
  return object<TokenReview>(
      "TokenReview", "Whose token is this?",
      {
          field<&TokenReview::api_version>("apiVersion", "authentication.k8s.io/v1."),
          field<&TokenReview::kind>("kind", "TokenReview."),
          field<&TokenReview::metadata>("metadata", "What every object has."),
          field<&TokenReview::spec>("spec", "The question.", required),
          field<&TokenReview::status>("status", "The answer."),
      });
}

TypeInfo describe(Type<SelfSubjectReviewStatus>) {
  return object<SelfSubjectReviewStatus>(
      "SelfSubjectReviewStatus", "Who asks.",
      {field<&SelfSubjectReviewStatus::user_info>("userInfo", "The user who asks.")});
}
TypeInfo describe(Type<SelfSubjectReview>) {
  return object<SelfSubjectReview>(
      "SelfSubjectReview", "Who am I?",
      {
          field<&SelfSubjectReview::api_version>("apiVersion", "authentication.k8s.io/v1."),
          field<&SelfSubjectReview::kind>("kind", "SelfSubjectReview."),
          field<&SelfSubjectReview::metadata>("metadata", "What every object has."),
          field<&SelfSubjectReview::status>("status", "The answer."),
      });
}

TypeInfo describe(Type<BoundObjectReference>) {
  return object<BoundObjectReference>(
      "BoundObjectReference", "A Secret; the token ends when it is deleted.",
      {
          field<&BoundObjectReference::kind>("kind", "Secret."),
          field<&BoundObjectReference::api_version>("apiVersion", "v1."),
          field<&BoundObjectReference::name>("name", "Its name."),
          field<&BoundObjectReference::uid>("uid", "Its uid; filled in when empty."),
      });
}
TypeInfo describe(Type<TokenRequestSpec>) {
  return object<TokenRequestSpec>(
      "TokenRequestSpec", "What token is wanted.",
      {
          field<&TokenRequestSpec::audiences>("audiences", "Whom it is for; empty: this server."),
          field<&TokenRequestSpec::expiration_seconds>(
              "expirationSeconds", "How long it is good: an hour unless said, a day at most.",
              Range{600, int64_t{1} << 32}),
          field<&TokenRequestSpec::bound_object_ref>("boundObjectRef",
                                                     "An object that it lives with."),
      });
}
TypeInfo describe(Type<TokenRequestStatus>) {
  return object<TokenRequestStatus>(
      "TokenRequestStatus", "The token.",
      {
          field<&TokenRequestStatus::token>("token", "The token.", schema::secret),
          field<&TokenRequestStatus::expiration_timestamp>("expirationTimestamp", "When it ends."),
      });
}
TypeInfo describe(Type<TokenRequest>) {
  return object<TokenRequest>(
      "TokenRequest", "A token for a ServiceAccount.",
      {
          field<&TokenRequest::api_version>("apiVersion", "authentication.k8s.io/v1."),
          field<&TokenRequest::kind>("kind", "TokenRequest."),
          field<&TokenRequest::metadata>("metadata", "What every object has."),
          field<&TokenRequest::spec>("spec", "What is wanted."),
          field<&TokenRequest::status>("status", "The token."),
      });
}

meta::Kind token_review_kind() {
  return {.group = "authentication.k8s.io",
          .version = "v1",
          .kind = "TokenReview",
          .plural = "tokenreviews",
          .singular = "tokenreview",
          .short_names = {},
          .categories = {},
          .namespaced = false,
          .has_status = false,
          .type = &schema::type_of<TokenReview>,
          .columns = {},
          .check_update = nullptr,
          .subresources = {},
          .stored = false};
}

meta::Kind self_subject_review_kind() {
  auto kind = token_review_kind();
  kind.kind = "SelfSubjectReview";
  kind.plural = "selfsubjectreviews";
  kind.singular = "selfsubjectreview";
  kind.type = &schema::type_of<SelfSubjectReview>;
  return kind;
}

}  // namespace gantry::api::access
