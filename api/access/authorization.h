#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::access {

struct ResourceAttributes {
  std::string ns;
  std::string verb;
  std::string group;
  std::string version;
  std::string resource;
  std::string subresource;
  std::string name;
  std::optional<Json> field_selector;  // accepted; no rule of ours looks at selectors
  std::optional<Json> label_selector;
};
struct NonResourceAttributes {
  std::string path;
  std::string verb;
};

struct SelfAccessSpec {
  std::optional<ResourceAttributes> resource_attributes;
  std::optional<NonResourceAttributes> non_resource_attributes;
};
struct AccessSpec {
  std::optional<ResourceAttributes> resource_attributes;
  std::optional<NonResourceAttributes> non_resource_attributes;
  std::string user;
  std::vector<std::string> groups;
  std::string uid;
  std::map<std::string, std::vector<std::string>> extra;
};
struct AccessStatus {
  bool allowed = false;
  bool denied = false;
  std::string reason;
  std::string evaluation_error;
};

// May I do this?
struct SelfSubjectAccessReview {
  std::string api_version = "authorization.k8s.io/v1";
  std::string kind = "SelfSubjectAccessReview";
  meta::ObjectMeta metadata;
  SelfAccessSpec spec;
  AccessStatus status;
};
// May that user do this?
struct SubjectAccessReview {
  std::string api_version = "authorization.k8s.io/v1";
  std::string kind = "SubjectAccessReview";
  meta::ObjectMeta metadata;
  AccessSpec spec;
  AccessStatus status;
};
// The same in one namespace, which the right to ask can be limited to.
struct LocalSubjectAccessReview {
  std::string api_version = "authorization.k8s.io/v1";
  std::string kind = "LocalSubjectAccessReview";
  meta::ObjectMeta metadata;
  AccessSpec spec;
  AccessStatus status;
};

struct ResourceRule {
  std::vector<std::string> verbs;
  std::vector<std::string> api_groups;
  std::vector<std::string> resources;
  std::vector<std::string> resource_names;
};
struct NonResourceRule {
  std::vector<std::string> verbs;
  std::vector<std::string> non_resource_urls;
};
struct RulesSpec {
  std::string ns;
};
struct RulesStatus {
  std::vector<ResourceRule> resource_rules;
  std::vector<NonResourceRule> non_resource_rules;
  bool incomplete = false;
  std::string evaluation_error;
};
// What may I do in this namespace?
struct SelfSubjectRulesReview {
  std::string api_version = "authorization.k8s.io/v1";
  std::string kind = "SelfSubjectRulesReview";
  meta::ObjectMeta metadata;
  RulesSpec spec;
  RulesStatus status;
};

schema::TypeInfo describe(schema::Type<ResourceAttributes>);
schema::TypeInfo describe(schema::Type<NonResourceAttributes>);
schema::TypeInfo describe(schema::Type<SelfAccessSpec>);
schema::TypeInfo describe(schema::Type<AccessSpec>);
schema::TypeInfo describe(schema::Type<AccessStatus>);
schema::TypeInfo describe(schema::Type<SelfSubjectAccessReview>);
schema::TypeInfo describe(schema::Type<SubjectAccessReview>);
schema::TypeInfo describe(schema::Type<LocalSubjectAccessReview>);
schema::TypeInfo describe(schema::Type<ResourceRule>);
schema::TypeInfo describe(schema::Type<NonResourceRule>);
schema::TypeInfo describe(schema::Type<RulesSpec>);
schema::TypeInfo describe(schema::Type<RulesStatus>);
schema::TypeInfo describe(schema::Type<SelfSubjectRulesReview>);
meta::Kind self_subject_access_review_kind();
meta::Kind subject_access_review_kind();
meta::Kind local_subject_access_review_kind();
meta::Kind self_subject_rules_review_kind();

}  // namespace gantry::api::access
