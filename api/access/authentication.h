#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::access {

struct UserInfo {
  std::string username;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

struct TokenReviewSpec {
  std::string token;
  std::vector<std::string> audiences;
};
struct TokenReviewStatus {
  bool authenticated = false;
  UserInfo user;
  std::vector<std::string> audiences;
  std::string error;
};
// Whose token is this?
struct TokenReview {
  std::string api_version = "authentication.k8s.io/v1";
  std::string kind = "TokenReview";
  meta::ObjectMeta metadata;
  TokenReviewSpec spec;
  TokenReviewStatus status;
};

struct SelfSubjectReviewStatus {
  UserInfo user_info;
};
// Who am I?
struct SelfSubjectReview {
  std::string api_version = "authentication.k8s.io/v1";
  std::string kind = "SelfSubjectReview";
  meta::ObjectMeta metadata;
  SelfSubjectReviewStatus status;
};

struct BoundObjectReference {
  std::string kind;
  std::string api_version;
  std::string name;
  std::string uid;
};
struct TokenRequestSpec {
  std::vector<std::string> audiences;
  std::optional<int64_t> expiration_seconds;
  std::optional<BoundObjectReference> bound_object_ref;
};
struct TokenRequestStatus {
  std::string token;
  std::optional<Time> expiration_timestamp;
};
// What POST serviceaccounts/NAME/token takes and answers.
struct TokenRequest {
  std::string api_version = "authentication.k8s.io/v1";
  std::string kind = "TokenRequest";
  meta::ObjectMeta metadata;
  TokenRequestSpec spec;
  TokenRequestStatus status;
};

schema::TypeInfo describe(schema::Type<UserInfo>);
schema::TypeInfo describe(schema::Type<TokenReviewSpec>);
schema::TypeInfo describe(schema::Type<TokenReviewStatus>);
schema::TypeInfo describe(schema::Type<TokenReview>);
schema::TypeInfo describe(schema::Type<SelfSubjectReviewStatus>);
schema::TypeInfo describe(schema::Type<SelfSubjectReview>);
schema::TypeInfo describe(schema::Type<BoundObjectReference>);
schema::TypeInfo describe(schema::Type<TokenRequestSpec>);
schema::TypeInfo describe(schema::Type<TokenRequestStatus>);
schema::TypeInfo describe(schema::Type<TokenRequest>);
meta::Kind token_review_kind();
meta::Kind self_subject_review_kind();

}  // namespace gantry::api::access
