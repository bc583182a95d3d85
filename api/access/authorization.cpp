#include "api/access/authorization.h"

namespace gantry::api::access {

using namespace schema;

TypeInfo describe(Type<ResourceAttributes>) {
  return object<ResourceAttributes>(
      "ResourceAttributes", "A request on a resource.",
      {
          field<&ResourceAttributes::ns>("namespace", "The namespace; empty: all, or none."),
          field<&ResourceAttributes::verb>("verb", "get, list, create, …; * for all."),
          field<&ResourceAttributes::group>("group", "The API group; * for all."),
          field<&ResourceAttributes::version>("version", "Not looked at."),
          field<&ResourceAttributes::resource>("resource", "The plural; * for all."),
          field<&ResourceAttributes::subresource>("subresource", "The subresource."),
          field<&ResourceAttributes::name>("name", "The object; empty: all."),
          field<&ResourceAttributes::field_selector>("fieldSelector", "Not looked at."),
          field<&ResourceAttributes::label_selector>("labelSelector", "Not looked at."),
      });
}

TypeInfo describe(Type<NonResourceAttributes>) {
  return object<NonResourceAttributes>(
      "NonResourceAttributes", "A request on another path.",
      {
          field<&NonResourceAttributes::path>("path", "The path, such as /metrics."),
          field<&NonResourceAttributes::verb>("verb", "The method in lower case."),
      });
}

namespace {

OneOf one_target() {
  return {OneOf::Count::exactly_one, {"resourceAttributes", "nonResourceAttributes"}};
}

template <class Spec>
std::vector<Field> target_fields() {
  return {
      field<&Spec::resource_attributes>("resourceAttributes", "A request on a resource."),
      field<&Spec::non_resource_attributes>("nonResourceAttributes", "A request on another path."),
  };
}

template <class Review>
TypeInfo review(std::string_view name, std::string_view doc) {
  return object<Review>(name, doc,
                        {
                            field<&Review::api_version>("apiVersion", "authorization.k8s.io/v1."),
                            field<&Review::kind>("kind", "The kind."),
                            field<&Review::metadata>("metadata", "What every object has."),
                            field<&Review::spec>("spec", "The question.", required),
                            field<&Review::status>("status", "The answer."),
                        });
}

meta::Kind review_kind(std::string_view kind, std::string_view plural, std::string_view singular,
                       schema::TypeOf type) {
  return {.group = "authorization.k8s.io",
          .version = "v1",
          .kind = kind,
          .plural = plural,
          .singular = singular,
          .short_names = {},
          .categories = {},
          .namespaced = false,
          .has_status = false,
          .type = type,
          .columns = {},
          .check_update = nullptr,
          .subresources = {},
          .stored = false};
}

}  // namespace

TypeInfo describe(Type<SelfAccessSpec>) {
  return one_of(
      object<SelfAccessSpec>("SelfAccessSpec", "What is asked.", target_fields<SelfAccessSpec>()),
      one_target());
}

TypeInfo describe(Type<AccessSpec>) {
  auto fields = target_fields<AccessSpec>();
  fields.push_back(field<&AccessSpec::user>("user", "Who; empty: only what the groups may."));
  fields.push_back(field<&AccessSpec::groups>("groups", "The groups of the user."));
  fields.push_back(field<&AccessSpec::uid>("uid", "Not looked at."));
  fields.push_back(field<&AccessSpec::extra>("extra", "Not looked at."));
  return one_of(object<AccessSpec>("AccessSpec", "What is asked, and about whom.", fields),
                one_target());
}

TypeInfo describe(Type<AccessStatus>) {
  return object<AccessStatus>(
      "AccessStatus", "Whether it is allowed.",
      {
          field<&AccessStatus::allowed>("allowed", "True: it is allowed.", always),
          field<&AccessStatus::denied>("denied", "Never set: what is not allowed is refused."),
          field<&AccessStatus::reason>("reason", "Which binding allows it."),
          field<&AccessStatus::evaluation_error>("evaluationError", "What could not be judged."),
      });
}

TypeInfo describe(Type<SelfSubjectAccessReview>) {
  return review<SelfSubjectAccessReview>("SelfSubjectAccessReview", "May I do this?");
}
TypeInfo describe(Type<SubjectAccessReview>) {
  return review<SubjectAccessReview>("SubjectAccessReview", "May that user do this?");
}
TypeInfo describe(Type<LocalSubjectAccessReview>) {
  return review<LocalSubjectAccessReview>("LocalSubjectAccessReview",
                                          "May that user do this in this namespace?");
}

TypeInfo describe(Type<ResourceRule>) {
  return object<ResourceRule>(
      "ResourceRule", "What may be done with resources.",
      {
          field<&ResourceRule::verbs>("verbs", "The verbs.", always),
          field<&ResourceRule::api_groups>("apiGroups", "The groups."),
          field<&ResourceRule::resources>("resources", "The resources."),
          field<&ResourceRule::resource_names>("resourceNames", "Only objects of these names."),
      });
}
TypeInfo describe(Type<NonResourceRule>) {
  return object<NonResourceRule>(
      "NonResourceRule", "What may be done with other paths.",
      {
          field<&NonResourceRule::verbs>("verbs", "The verbs.", always),
          field<&NonResourceRule::non_resource_urls>("nonResourceURLs", "The paths."),
      });
}
TypeInfo describe(Type<RulesSpec>) {
  return object<RulesSpec>("RulesSpec", "Where.",
                           {field<&RulesSpec::ns>("namespace", "The namespace.")});
}
TypeInfo describe(Type<RulesStatus>) {
  return object<RulesStatus>(
      "RulesStatus", "What may be done there.",
      {
          field<&RulesStatus::resource_rules>("resourceRules", "With resources.", always),
          field<&RulesStatus::non_resource_rules>("nonResourceRules", "With other paths.", always),
          field<&RulesStatus::incomplete>("incomplete", "True: more may be allowed.", always),
          field<&RulesStatus::evaluation_error>("evaluationError", "What could not be judged."),
      });
}
TypeInfo describe(Type<SelfSubjectRulesReview>) {
  return review<SelfSubjectRulesReview>("SelfSubjectRulesReview",
                                        "What may I do in this namespace?");
}

meta::Kind self_subject_access_review_kind() {
  return review_kind("SelfSubjectAccessReview", "selfsubjectaccessreviews",
                     "selfsubjectaccessreview", &schema::type_of<SelfSubjectAccessReview>);
}
meta::Kind subject_access_review_kind() {
  return review_kind("SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview",
                     &schema::type_of<SubjectAccessReview>);
}
meta::Kind local_subject_access_review_kind() {
  auto kind = review_kind("LocalSubjectAccessReview", "localsubjectaccessreviews",
                          "localsubjectaccessreview", &schema::type_of<LocalSubjectAccessReview>);
  kind.namespaced = true;
  return kind;
}
meta::Kind self_subject_rules_review_kind() {
  return review_kind("SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview",
                     &schema::type_of<SelfSubjectRulesReview>);
}

}  // namespace gantry::api::access
