#include "pkg/apiserver/protobuf/decode.h"

#include "pkg/apiserver/protobuf/messages.h"
#include "pkg/apiserver/protobuf/wire.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver::protobuf {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string envelope(std::string_view api_version, std::string_view kind, const std::string& raw) {
  Writer type;
  type.text(1, api_version);
  type.text(2, kind);
  Writer unknown;
  unknown.text(1, type.bytes());
  unknown.text(2, raw);
  unknown.text(3, "");
  unknown.text(4, "");
  return std::string("k8s\0", 4) + unknown.bytes();
}

std::string decoded(std::string_view api_version, std::string_view kind, const std::string& raw) {
  const auto object = decode(envelope(api_version, kind, raw));
  return object.ok() ? schema::to_json(*object) : message_of(object.status());
}

std::string pair(std::string_view key, std::string_view value) {
  Writer entry;
  entry.text(1, key);
  entry.text(2, value);
  return entry.bytes();
}

std::string moment(uint64_t seconds, uint64_t nanos) {
  Writer time;
  time.number(1, seconds);
  time.number(2, nanos);
  return time.bytes();
}

std::string named(std::string_view name) {
  Writer metadata;
  metadata.text(1, name);
  for (const uint32_t empty : {2U, 3U, 4U, 5U, 6U}) metadata.text(empty, "");
  metadata.number(7, 0);
  metadata.text(8, "");  // Go's zero time
  return metadata.bytes();
}

// What `kubectl 1.32 auth can-i create apps.gantry.dev` sends.
TEST(Decode, ReadsAnAccessReview) {
  Writer attributes, spec, review;
  attributes.text(1, "default");
  attributes.text(2, "create");
  attributes.text(3, "gantry.dev");
  attributes.text(4, "*");
  attributes.text(5, "apps");
  attributes.text(6, "");
  spec.text(1, attributes.bytes());
  review.text(1, named(""));
  review.text(2, spec.bytes());
  review.text(3, "");
  EXPECT_EQ(decoded("authorization.k8s.io/v1", "SelfSubjectAccessReview", review.bytes()),
            R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview",)"
            R"("metadata":{},"spec":{"resourceAttributes":{"group":"gantry.dev",)"
            R"("namespace":"default","resource":"apps","verb":"create","version":"*"}}})");
}

TEST(Decode, KeepsZeroValuesOfPointersOnly) {
  Writer spec, lease;
  spec.text(1, "me");
  spec.number(2, 15);
  spec.text(4, moment(1764115200, 123456000));
  spec.number(5, 0);
  lease.text(1, named("lock"));
  lease.text(2, spec.bytes());
  EXPECT_EQ(decoded("coordination.k8s.io/v1", "Lease", lease.bytes()),
            R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"lock"},)"
            R"("spec":{"holderIdentity":"me","leaseDurationSeconds":15,"leaseTransitions":0,)"
            R"("renewTime":"2025-11-26T00:00:00.123456Z"}})");
}

TEST(Decode, ReadsMapsBytesListsAndManagedFields) {
  Writer fields, entry, owner, metadata, secret;
  fields.text(1, R"({"f:data":{}})");
  entry.text(1, "kubectl");
  entry.text(4, moment(1764115200, 0));
  entry.text(7, fields.bytes());
  owner.text(1, "App");
  owner.number(6, 0);
  metadata.text(1, "s");
  metadata.text(11, pair("a", "b"));
  metadata.text(11, pair("empty", ""));
  metadata.text(13, owner.bytes());
  metadata.text(14, "one");
  metadata.text(14, "two");
  metadata.text(17, entry.bytes());
  secret.text(1, metadata.bytes());
  secret.text(2, pair("key", std::string("\x00\xff", 2)));
  secret.text(3, "Opaque");
  secret.text(4, pair("plain", "text"));
  EXPECT_EQ(decoded("v1", "Secret", secret.bytes()),
            R"({"apiVersion":"v1","data":{"key":"AP8="},"kind":"Secret","metadata":{)"
            R"("finalizers":["one","two"],"labels":{"a":"b","empty":""},"managedFields":[{)"
            R"("fieldsV1":{"f:data":{}},"manager":"kubectl","time":"2025-11-26T00:00:00Z"}],)"
            R"("name":"s","ownerReferences":[{"controller":false,"kind":"App"}]},)"
            R"("stringData":{"plain":"text"},"type":"Opaque"})");
}

TEST(Decode, ReadsExtraValuesOfAUser) {
  Writer values, extra, spec, review;
  values.text(1, "a");
  values.text(1, "b");
  extra.text(1, "scopes");
  extra.text(2, values.bytes());
  spec.text(3, "jane");
  spec.text(4, "devs");
  spec.text(5, extra.bytes());
  review.text(2, spec.bytes());
  EXPECT_EQ(decoded("authorization.k8s.io/v1", "SubjectAccessReview", review.bytes()),
            R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{)"
            R"("extra":{"scopes":["a","b"]},"groups":["devs"],"user":"jane"}})");
}

TEST(Decode, ReadsDeleteOptionsOfAnyGroup) {
  Writer preconditions, options;
  preconditions.text(1, "u-1");
  options.number(1, 0);
  options.text(2, preconditions.bytes());
  options.text(4, "Foreground");
  options.text(5, "All");
  EXPECT_EQ(decoded("coordination.k8s.io/v1", "DeleteOptions", options.bytes()),
            R"({"apiVersion":"coordination.k8s.io/v1","dryRun":["All"],"gracePeriodSeconds":0,)"
            R"("kind":"DeleteOptions","preconditions":{"uid":"u-1"},)"
            R"("propagationPolicy":"Foreground"})");
}

TEST(Decode, PassesOverFieldsOfNewerClients) {
  Writer ns;
  ns.text(1, named("n"));
  ns.number(99, 7);
  ns.real(98, 0.5);
  ns.text(97, "new");
  EXPECT_EQ(decoded("v1", "Namespace", ns.bytes()),
            R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}})");
}

TEST(Decode, SaysWhereAndWhat) {
  Writer metadata, ns;
  metadata.number(1, 5);
  ns.text(1, metadata.bytes());
  EXPECT_EQ(decoded("v1", "Namespace", ns.bytes()),
            "protobuf Namespace: byte 25: metadata.name: must have a length");
  Writer binary, ns2;
  binary.text(1, "\xff");
  ns2.text(1, binary.bytes());
  EXPECT_THAT(decoded("v1", "Namespace", ns2.bytes()), HasSubstr("metadata.name: is no UTF-8"));
  Writer late, lease, spec;
  spec.text(4, moment(uint64_t{1} << 62, 0));
  lease.text(2, spec.bytes());
  EXPECT_THAT(decoded("coordination.k8s.io/v1", "Lease", lease.bytes()),
              HasSubstr("spec.renewTime: is out of range"));
}

TEST(Decode, RefusesEveryTruncation) {
  Writer metadata, ns;
  metadata.text(1, "name");
  metadata.text(11, pair("a", "b"));
  ns.text(1, metadata.bytes());
  const auto whole = envelope("v1", "Namespace", ns.bytes());
  ASSERT_THAT(decode(whole), IsOk());
  // The last four bytes are the two empty fields at the end, which may be missing; so may the
  // object.
  for (size_t size = 4; size + 4 < whole.size(); ++size) {
    const auto cut = decode(whole.substr(0, size));
    if (!cut.ok()) continue;
    EXPECT_EQ(cut->find("metadata"), nullptr) << size;
  }
  EXPECT_FALSE(decode(whole.substr(0, whole.size() - 5)).ok());
  EXPECT_THAT(decode("{}"), Fails(ErrorClass::invalid, HasSubstr("byte 0")));
  EXPECT_THAT(decode(std::string("k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 15)),
              Fails(ErrorClass::invalid, HasSubstr("byte 4: a number does not end")));
  EXPECT_THAT(decode(std::string("k8s\0\x0b", 5)),
              Fails(ErrorClass::invalid, HasSubstr("no such wire type")));
}

TEST(Decode, RefusesKindsThatNobodySendsSo) {
  EXPECT_THAT(decode(envelope("gantry.dev/v1alpha1", "App", "")),
              Fails(ErrorClass::unsupported,
                    AllOf(HasSubstr("gantry.dev/v1alpha1, Kind=App"), HasSubstr("json"))));
}

}  // namespace
}  // namespace gantry::apiserver::protobuf
