#include "pkg/apiserver/protobuf/messages.h"

#include <algorithm>

namespace gantry::apiserver::protobuf {
namespace {

constexpr bool kPointer = true;

Field text(uint32_t number, std::string_view name, bool pointer = false) {
  return {number, name, Type::text, nullptr, pointer};
}
Field integer(uint32_t number, std::string_view name, bool pointer = false) {
  return {number, name, Type::integer, nullptr, pointer};
}
Field boolean(uint32_t number, std::string_view name, bool pointer = false) {
  return {number, name, Type::boolean, nullptr, pointer};
}
Field plain(uint32_t number, std::string_view name, Type type) {
  return {number, name, type, nullptr, false};
}
Field object(uint32_t number, std::string_view name, const Message& message) {
  return {number, name, Type::message, &message, false};
}
Field objects(uint32_t number, std::string_view name, const Message& message) {
  return {number, name, Type::messages, &message, false};
}

// k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto

const Message kOwnerReference{{text(5, "apiVersion"), text(1, "kind"), text(3, "name"),
                               text(4, "uid"), boolean(6, "controller", kPointer),
                               boolean(7, "blockOwnerDeletion", kPointer)}};
const Message kManagedFieldsEntry{{text(1, "manager"), text(2, "operation"), text(3, "apiVersion"),
                                   plain(4, "time", Type::time), text(6, "fieldsType"),
                                   plain(7, "fieldsV1", Type::raw_json), text(8, "subresource")}};
const Message kObjectMeta{
    {text(1, "name"), text(2, "generateName"), text(3, "namespace"), text(4, "selfLink"),
     text(5, "uid"), text(6, "resourceVersion"), integer(7, "generation"),
     plain(8, "creationTimestamp", Type::time), plain(9, "deletionTimestamp", Type::time),
     integer(10, "deletionGracePeriodSeconds", kPointer), plain(11, "labels", Type::text_map),
     plain(12, "annotations", Type::text_map), objects(13, "ownerReferences", kOwnerReference),
     plain(14, "finalizers", Type::texts), objects(17, "managedFields", kManagedFieldsEntry)}};
const Message kPreconditions{{text(1, "uid", kPointer), text(2, "resourceVersion", kPointer)}};
const Message kDeleteOptions{
    {integer(1, "gracePeriodSeconds", kPointer), object(2, "preconditions", kPreconditions),
     boolean(3, "orphanDependents", kPointer), text(4, "propagationPolicy", kPointer),
     plain(5, "dryRun", Type::texts),
     boolean(6, "ignoreStoreReadErrorWithClusterBreakingPotential", kPointer)}};
const Message kRequirement{{text(1, "key"), text(2, "operator"), plain(3, "values", Type::texts)}};
const Message kSelectorAttributes{
    {text(1, "rawSelector"), objects(2, "requirements", kRequirement)}};

const Message kLabelSelector{
    {plain(1, "matchLabels", Type::text_map), objects(2, "matchExpressions", kRequirement)}};

const Field& metadata() {
  static const Field field = object(1, "metadata", kObjectMeta);
  return field;
}

// k8s.io/api/core/v1/generated.proto

const Message kObjectReference{{text(1, "kind"), text(2, "namespace"), text(3, "name"),
                                text(4, "uid"), text(5, "apiVersion"), text(6, "resourceVersion"),
                                text(7, "fieldPath")}};
const Message kLocalObjectReference{{text(1, "name")}};
const Message kEventSource{{text(1, "component"), text(2, "host")}};
const Message kEventSeries{{integer(1, "count"), plain(2, "lastObservedTime", Type::micro_time)}};
const Message kEvent{{metadata(), object(2, "involvedObject", kObjectReference), text(3, "reason"),
                      text(4, "message"), object(5, "source", kEventSource),
                      plain(6, "firstTimestamp", Type::time), plain(7, "lastTimestamp", Type::time),
                      integer(8, "count"), text(9, "type"),
                      plain(10, "eventTime", Type::micro_time), object(11, "series", kEventSeries),
                      text(12, "action"), object(13, "related", kObjectReference),
                      text(14, "reportingComponent"), text(15, "reportingInstance")}};
const Message kNamespaceSpec{{plain(1, "finalizers", Type::texts)}};
const Message kNamespaceCondition{{text(1, "type"), text(2, "status"),
                                   plain(4, "lastTransitionTime", Type::time), text(5, "reason"),
                                   text(6, "message")}};
const Message kNamespaceStatus{{text(1, "phase"), objects(2, "conditions", kNamespaceCondition)}};
const Message kNamespace{
    {metadata(), object(2, "spec", kNamespaceSpec), object(3, "status", kNamespaceStatus)}};
const Message kSecret{{metadata(), plain(2, "data", Type::bytes_map), text(3, "type"),
                       plain(4, "stringData", Type::text_map), boolean(5, "immutable", kPointer)}};
const Message kConfigMap{{metadata(), plain(2, "data", Type::text_map),
                          plain(3, "binaryData", Type::bytes_map),
                          boolean(4, "immutable", kPointer)}};
const Message kServiceAccount{{metadata(), objects(2, "secrets", kObjectReference),
                               objects(3, "imagePullSecrets", kLocalObjectReference),
                               boolean(4, "automountServiceAccountToken", kPointer)}};

// k8s.io/api/events/v1/generated.proto

const Message kEventsEvent{
    {metadata(), plain(2, "eventTime", Type::micro_time), object(3, "series", kEventSeries),
     text(4, "reportingController"), text(5, "reportingInstance"), text(6, "action"),
     text(7, "reason"), object(8, "regarding", kObjectReference),
     object(9, "related", kObjectReference), text(10, "note"), text(11, "type"),
     object(12, "deprecatedSource", kEventSource),
     plain(13, "deprecatedFirstTimestamp", Type::time),
     plain(14, "deprecatedLastTimestamp", Type::time), integer(15, "deprecatedCount")}};

// k8s.io/api/coordination/v1/generated.proto

const Message kLeaseSpec{
    {text(1, "holderIdentity", kPointer), integer(2, "leaseDurationSeconds", kPointer),
     plain(3, "acquireTime", Type::micro_time), plain(4, "renewTime", Type::micro_time),
     integer(5, "leaseTransitions", kPointer), text(6, "strategy", kPointer),
     text(7, "preferredHolder", kPointer)}};
const Message kLease{{metadata(), object(2, "spec", kLeaseSpec)}};

// k8s.io/api/rbac/v1/generated.proto

const Message kPolicyRule{{plain(1, "verbs", Type::texts), plain(2, "apiGroups", Type::texts),
                           plain(3, "resources", Type::texts),
                           plain(4, "resourceNames", Type::texts),
                           plain(5, "nonResourceURLs", Type::texts)}};
const Message kRole{{metadata(), objects(2, "rules", kPolicyRule)}};
const Message kAggregationRule{{objects(1, "clusterRoleSelectors", kLabelSelector)}};
const Message kClusterRole{
    {metadata(), objects(2, "rules", kPolicyRule), object(3, "aggregationRule", kAggregationRule)}};
const Message kSubject{
    {text(1, "kind"), text(2, "apiGroup"), text(3, "name"), text(4, "namespace")}};
const Message kRoleRef{{text(1, "apiGroup"), text(2, "kind"), text(3, "name")}};
const Message kRoleBinding{
    {metadata(), objects(2, "subjects", kSubject), object(3, "roleRef", kRoleRef)}};

// k8s.io/api/authorization/v1/generated.proto. A status is the server's to write: left out.

const Message kResourceAttributes{{text(1, "namespace"), text(2, "verb"), text(3, "group"),
                                   text(4, "version"), text(5, "resource"), text(6, "subresource"),
                                   text(7, "name"), object(8, "fieldSelector", kSelectorAttributes),
                                   object(9, "labelSelector", kSelectorAttributes)}};
const Message kNonResourceAttributes{{text(1, "path"), text(2, "verb")}};
const Message kSelfSubjectAccessReviewSpec{
    {object(1, "resourceAttributes", kResourceAttributes),
     object(2, "nonResourceAttributes", kNonResourceAttributes)}};
const Message kSelfSubjectAccessReview{
    {metadata(), object(2, "spec", kSelfSubjectAccessReviewSpec)}};
const Message kSelfSubjectRulesReviewSpec{{text(1, "namespace")}};
const Message kSelfSubjectRulesReview{{metadata(), object(2, "spec", kSelfSubjectRulesReviewSpec)}};
const Message kSubjectAccessReviewSpec{{object(1, "resourceAttributes", kResourceAttributes),
                                        object(2, "nonResourceAttributes", kNonResourceAttributes),
                                        text(3, "user"), plain(4, "groups", Type::texts),
                                        plain(5, "extra", Type::text_lists), text(6, "uid")}};
const Message kSubjectAccessReview{{metadata(), object(2, "spec", kSubjectAccessReviewSpec)}};

// k8s.io/api/authentication/v1/generated.proto

const Message kBoundObjectReference{
    {text(1, "kind"), text(2, "apiVersion"), text(3, "name"), text(4, "uid")}};
const Message kTokenRequestSpec{{plain(1, "audiences", Type::texts),
                                 object(3, "boundObjectRef", kBoundObjectReference),
                                 integer(4, "expirationSeconds", kPointer)}};
const Message kTokenRequest{{metadata(), object(2, "spec", kTokenRequestSpec)}};
const Message kTokenReviewSpec{{text(1, "token"), plain(2, "audiences", Type::texts)}};
const Message kTokenReview{{metadata(), object(2, "spec", kTokenReviewSpec)}};
const Message kSelfSubjectReview{{metadata()}};

struct Entry {
  std::string_view api_version, kind;
  const Message* message;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {"v1", "Namespace", &kNamespace},
      {"v1", "Event", &kEvent},
      {"v1", "Secret", &kSecret},
      {"v1", "ConfigMap", &kConfigMap},
      {"v1", "ServiceAccount", &kServiceAccount},
      {"events.k8s.io/v1", "Event", &kEventsEvent},
      {"coordination.k8s.io/v1", "Lease", &kLease},
      {"rbac.authorization.k8s.io/v1", "Role", &kRole},
      {"rbac.authorization.k8s.io/v1", "ClusterRole", &kClusterRole},
      {"rbac.authorization.k8s.io/v1", "RoleBinding", &kRoleBinding},
      {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", &kRoleBinding},
      {"authorization.k8s.io/v1", "SelfSubjectAccessReview", &kSelfSubjectAccessReview},
      {"authorization.k8s.io/v1", "SelfSubjectRulesReview", &kSelfSubjectRulesReview},
      {"authorization.k8s.io/v1", "SubjectAccessReview", &kSubjectAccessReview},
      {"authorization.k8s.io/v1", "LocalSubjectAccessReview", &kSubjectAccessReview},
      {"authentication.k8s.io/v1", "TokenRequest", &kTokenRequest},
      {"authentication.k8s.io/v1", "TokenReview", &kTokenReview},
      {"authentication.k8s.io/v1", "SelfSubjectReview", &kSelfSubjectReview},
  };
  return all;
}

}  // namespace

const Field* Message::find(uint32_t number) const {
  const auto found =
      std::ranges::find_if(fields, [number](const Field& field) { return field.number == number; });
  return found == fields.end() ? nullptr : &*found;
}

const Message* find_message(std::string_view api_version, std::string_view kind) {
  if (kind == "DeleteOptions") return &kDeleteOptions;
  const auto found = std::ranges::find_if(entries(), [&](const Entry& entry) {
    return entry.api_version == api_version && entry.kind == kind;
  });
  return found == entries().end() ? nullptr : found->message;
}

}  // namespace gantry::apiserver::protobuf
