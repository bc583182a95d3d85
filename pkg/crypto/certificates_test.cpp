#include "pkg/crypto/certificates.h"

#include "pkg/base/testing.h"
#include "pkg/base/text.h"

namespace gantry::crypto {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const Validity kYear{from_unix_seconds(1767225600), from_unix_seconds(1798761600)};

Identity authority() {
  return *make_authority("Gantry CA", kYear);
}

TEST(Authority, SaysWhatItIs) {
  const auto made = make_authority("Gantry CA", kYear);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(made->key_pem, StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  const auto facts = read_certificate(made->certificate_pem);
  ASSERT_THAT(facts, IsOk());
  EXPECT_TRUE(facts->is_authority);
  EXPECT_EQ(facts->subject.common_name, "Gantry CA");
  EXPECT_EQ(facts->issuer.common_name, "Gantry CA");
  EXPECT_EQ(to_rfc3339(facts->validity.from), "2026-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(facts->validity.to), "2027-01-01T00:00:00Z");
}

TEST(Authority, RefusesAnEmptyOrBackwardValidity) {
  EXPECT_THAT(make_authority("CA", Validity{kYear.to, kYear.from}), Fails(ErrorClass::invalid));
  EXPECT_THAT(make_authority("CA", Validity{kYear.to, kYear.to}), Fails(ErrorClass::invalid));
}

TEST(ServerCertificate, CarriesItsNamesAndAddresses) {
  const ServerNames names{{"localhost", "*.example.com"}, {"127.0.0.1", "::1"}};
  const auto made = issue_server_certificate(authority(), names, kYear);
  ASSERT_THAT(made, IsOk());
  const auto facts = read_certificate(made->certificate_pem);
  ASSERT_THAT(facts, IsOk());
  EXPECT_FALSE(facts->is_authority);
  EXPECT_EQ(facts->subject.common_name, "localhost");
  EXPECT_EQ(facts->issuer.common_name, "Gantry CA");
  EXPECT_THAT(facts->names.dns, ElementsAre("localhost", "*.example.com"));
  EXPECT_THAT(facts->names.addresses, ElementsAre("127.0.0.1", "0:0:0:0:0:0:0:1"));
}

TEST(ServerCertificate, TakesLongNamesThatDoNotFitIntoACommonName) {
  const std::string name = std::string(60, 'a') + ".example.com";
  const auto made = issue_server_certificate(authority(), {{name}, {}}, kYear);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(read_certificate(made->certificate_pem)->names.dns, ElementsAre(name));
}

TEST(ServerCertificate, RefusesNamesThatWouldSayMoreThanTheyShow) {
  const auto ca = authority();
  for (const auto* name : {"", "a,DNS:evil.example", "a b", "a:b", "a\nb"})
    EXPECT_THAT(issue_server_certificate(ca, {{name}, {}}, kYear), Fails(ErrorClass::invalid))
        << name;
  for (const auto* address : {"", "localhost", "1.2.3", "1.2.3.4,DNS:evil", "::g"})
    EXPECT_THAT(issue_server_certificate(ca, {{}, {address}}, kYear), Fails(ErrorClass::invalid))
        << address;
  EXPECT_THAT(issue_server_certificate(ca, {}, kYear), Fails(ErrorClass::invalid));
}

TEST(ClientCertificate, CarriesUserAndGroups) {
  const auto made =
      issue_client_certificate(authority(), {"alice", {"system:masters", "ops"}}, kYear);
  ASSERT_THAT(made, IsOk());
  const auto facts = read_certificate(made->certificate_pem);
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->subject.common_name, "alice");
  EXPECT_THAT(facts->subject.organizations, ElementsAre("system:masters", "ops"));
  EXPECT_THAT(facts->names.dns, IsEmpty());
}

TEST(ClientCertificate, NeedsAProperAuthority) {
  const auto ca = authority();
  const auto other = authority();
  const auto leaf = *issue_client_certificate(ca, {"alice", {}}, kYear);
  EXPECT_THAT(issue_client_certificate(leaf, {"bob", {}}, kYear),
              Fails(ErrorClass::invalid, HasSubstr("may not sign")));
  EXPECT_THAT(issue_client_certificate({ca.certificate_pem, other.key_pem}, {"bob", {}}, kYear),
              Fails(ErrorClass::invalid, HasSubstr("not a pair")));
  EXPECT_THAT(issue_client_certificate({"", ""}, {"bob", {}}, kYear), Fails(ErrorClass::invalid));
  EXPECT_THAT(issue_client_certificate(ca, {"", {}}, kYear), Fails(ErrorClass::invalid));
}

TEST(Fingerprint, IsReadInEveryCommonSpelling) {
  const auto facts = *read_certificate(authority().certificate_pem);
  EXPECT_EQ(facts.fingerprint.size(), 32u * 3 - 1);
  EXPECT_THAT(normalize_fingerprint(facts.fingerprint), IsOkAndHolds(facts.fingerprint));
  EXPECT_THAT(normalize_fingerprint(" " + to_lower(facts.fingerprint) + "\n"),
              IsOkAndHolds(facts.fingerprint));
  auto bare = facts.fingerprint;
  std::erase(bare, ':');
  EXPECT_THAT(normalize_fingerprint(bare), IsOkAndHolds(facts.fingerprint));
  EXPECT_THAT(normalize_fingerprint("AA:BB"), Fails(ErrorClass::invalid));
  EXPECT_THAT(normalize_fingerprint(std::string(64, 'g')), Fails(ErrorClass::invalid));
}

TEST(Fingerprint, DiffersBetweenCertificates) {
  EXPECT_NE(read_certificate(authority().certificate_pem)->fingerprint,
            read_certificate(authority().certificate_pem)->fingerprint);
}

TEST(ReadCertificate, RefusesWhatIsNone) {
  EXPECT_THAT(read_certificate(""), Fails(ErrorClass::invalid));
  EXPECT_THAT(read_certificate(authority().key_pem), Fails(ErrorClass::invalid));
}

}  // namespace
}  // namespace gantry::crypto
