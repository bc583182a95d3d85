// Tokens, certificates and an OIDC issuer, as the authenticator sees them.
#include "pkg/apiserver/authn/authenticator.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kIssuer = "https://login.example.com/realm";

// An issuer with one key, and how often it was asked.
struct Issuer {
  crypto::SigningKey key = *crypto::SigningKey::from_pem(*crypto::SigningKey::make_pem());
  std::string id = "k1";
  int asked = 0;
  bool down = false;

  Oidc::Fetch fetch() {
    return [this](std::string url) -> Async<Result<std::string>> { return answer(std::move(url)); };
  }
  Async<Result<std::string>> answer(std::string url) {
    ++asked;
    if (down) co_return make_error(ErrorClass::transport, "refused");
    const std::string base(kIssuer);
    if (url == base + "/.well-known/openid-configuration")
      co_return "{\"issuer\":\"" + base + "\",\"jwks_uri\":\"" + base + "/keys\"}";
    if (url != base + "/keys") co_return make_error(ErrorClass::remote, "404");
    co_return jwks;
  }
  std::string jwks;
};

class AuthnTest : public ::testing::Test {
 protected:
  AuthnTest() {
    EXPECT_THAT(run(store_.start()), IsOk());
    create("serviceaccounts", "default", "robot");
    peer_.address = "192.0.2.7";
  }
  ~AuthnTest() override { (void)run(store_.stop()); }
  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }
  void create(const std::string& resource, const std::string& ns, const std::string& name,
              const std::string& data = "") {
    Json object;
    object.member("metadata").set("name", name);
    object.member("metadata").set("namespace", ns);
    if (!data.empty()) object.member("data").set(data, "x");
    EXPECT_THAT(run(store_.create(resource, std::move(object))), IsOk());
  }
  Result<User> show(const std::string& token) {
    http::Request request;
    if (!token.empty()) request.headers["Authorization"] = "Bearer " + token;
    auto peer = peer_;
    return run(authenticator_.authenticate(request, peer, clock_.now()));
  }
  std::string account_token(api::access::TokenRequestSpec spec = {}) {
    api::access::TokenRequest request;
    request.spec = std::move(spec);
    EXPECT_THAT(accounts_.issue(store_, {"serviceaccounts", "default", "robot"}, random_,
                                clock_.now(), request),
                IsOk());
    return request.status.token;
  }
  Json claims(const std::string& subject) {
    Json json;
    json.set("iss", kIssuer);
    json.set("aud", "gantry-cli");
    json.set("sub", subject);
    json.set("exp", to_unix_seconds(clock_.now()) + 600);
    Json groups = Json::array();
    groups.push_back("ops");
    groups.push_back("system:masters");
    json.set("groups", std::move(groups));
    return json;
  }

  async::Loop loop_;
  async::SimulatedClock clock_{from_unix_seconds(1'800'000'000)};
  SeededRandom random_{1};
  store::memory::Disk disk_{clock_};
  store::memory::Database database_{disk_};
  store::CachedStore store_{loop_.executor(), database_.backend(), clock_, random_};
  std::string keys_ = *crypto::SigningKey::make_pem();
  AccountTokens accounts_ = *AccountTokens::make(keys_);
  Issuer issuer_;
  OidcOptions oidc_options_{kIssuer, "gantry-cli", "sub", std::nullopt, "groups", "oidc:"};
  Oidc oidc_{oidc_options_, issuer_.fetch()};
  Authenticator authenticator_{store_, &accounts_, &oidc_};
  http::Peer peer_;
};

TEST_F(AuthnTest, AServiceAccountsTokenIsGoodUntilItEndsOrItsAccountGoes) {
  const auto token = account_token();
  const auto user = show(token);
  ASSERT_THAT(user, IsOk());
  EXPECT_EQ(user->name, "system:serviceaccount:default:robot");
  EXPECT_THAT(user->groups, ElementsAre("system:serviceaccounts", "system:serviceaccounts:default",
                                        "system:authenticated"));
  clock_.advance(std::chrono::minutes(61));
  EXPECT_THAT(show(token), Fails(ErrorClass::auth));
  const auto fresh = account_token();
  EXPECT_THAT(run(store_.remove({"serviceaccounts", "default", "robot"}, {})), IsOk());
  create("serviceaccounts", "default", "robot");
  EXPECT_THAT(show(fresh), Fails(ErrorClass::auth)) << "another account of the same name";
}

TEST_F(AuthnTest, ATokenForOthersOrBoundToASecretThatIsGoneIsRefused) {
  api::access::TokenRequestSpec elsewhere;
  elsewhere.audiences = {"vault"};
  const auto other = account_token(elsewhere);
  EXPECT_THAT(show(other), Fails(ErrorClass::auth));
  EXPECT_THAT(run(authenticator_.identify(other, {"vault"}, clock_.now())), IsOk());
  create("secrets", "default", "anchor");
  api::access::TokenRequestSpec bound;
  bound.bound_object_ref = {"Secret", "v1", "anchor", ""};
  const auto token = account_token(bound);
  EXPECT_THAT(show(token), IsOk());
  EXPECT_THAT(run(store_.remove({"secrets", "default", "anchor"}, {})), IsOk());
  EXPECT_THAT(show(token), Fails(ErrorClass::auth));
}

TEST_F(AuthnTest, OldKeysVerifyWhileTheNewOneSigns) {
  const auto old = account_token();
  accounts_ = *AccountTokens::make(*crypto::SigningKey::make_pem() + keys_);
  EXPECT_THAT(show(old), IsOk());
  EXPECT_THAT(show(account_token()), IsOk());
  accounts_ = *AccountTokens::make(*crypto::SigningKey::make_pem());
  EXPECT_THAT(show(old), Fails(ErrorClass::auth));
}

TEST_F(AuthnTest, NoUnsignedOrAlteredTokenPasses) {
  const auto token = account_token();
  const auto first = token.find('.');
  const auto header = [](const char* json) { return base64url_encode(json); };
  for (const auto& forged :
       {header(R"({"alg":"none"})") + token.substr(first),
        header(R"({"alg":"HS256"})") + token.substr(first),
        header(R"({"alg":"ES256","crit":["b64"],"b64":false})") + token.substr(first),
        token.substr(0, token.rfind('.') + 1), token + "A", token + ".", std::string("a.b.c"),
        std::string("gantry_"), std::string(20'000, 'a')})
    EXPECT_THAT(show(forged), Fails(ErrorClass::auth, "Unauthorized")) << forged.substr(0, 60);
}

TEST_F(AuthnTest, ACertificatesNamesAreTheUserUntilItIsRevoked) {
  peer_.certificate_common_name = "alice";
  peer_.certificate_organizations = {"ops"};
  peer_.certificate_fingerprint = "AB:CD";
  peer_.certificate_expires = clock_.now() + std::chrono::hours(1);
  const auto user = show("");
  ASSERT_THAT(user, IsOk());
  EXPECT_EQ(user->name, "alice");
  EXPECT_THAT(user->groups, ElementsAre("ops", "system:authenticated"));
  create("configmaps", "gantry-system", kRevokedCertificates, "abcd");
  EXPECT_THAT(show(""), Fails(ErrorClass::auth));
  peer_.certificate_fingerprint = "AB:CE";
  EXPECT_THAT(show(""), IsOk());
  clock_.advance(std::chrono::hours(2));
  EXPECT_THAT(show(""), Fails(ErrorClass::auth)) << "the connection outlived it";
}

class OidcTest : public AuthnTest {
 protected:
  // The issuer's key as a JSON Web Key, read back from its public half.
  void publish(const std::string& x, const std::string& y) {
    issuer_.jwks =
        absl::StrFormat(R"({"keys":[{"kty":"oct","k":"AAAA","kid":"odd"},)"
                        R"({"kty":"EC","crv":"P-256","kid":"k1","use":"sig","x":"%s","y":"%s"}]})",
                        x, y);
  }
};

// RFC 7515, A.3: a token whose key is known, so that the set can be written down here.
constexpr const char* kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr const char* kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr const char* kPem =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n"
    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END EC PRIVATE KEY-----\n";

std::string token_of(const Json& claims) {
  const auto key = crypto::SigningKey::from_pem(kPem);
  EXPECT_THAT(key, IsOk());
  const auto text = base64url_encode(R"({"alg":"ES256","kid":"k1"})") + "." +
                    base64url_encode(schema::to_json(claims));
  return text + "." + base64url_encode(*key->sign(text));
}

TEST_F(OidcTest, AnIdTokenIsAUserWithPrefixesAndNeverOneOfOurs) {
  publish(kX, kY);
  const auto user = show(token_of(claims("alice")));
  ASSERT_THAT(user, IsOk());
  EXPECT_EQ(user->name, std::string(kIssuer) + "#alice");
  EXPECT_THAT(user->groups, Contains("oidc:ops"));
  EXPECT_THAT(user->groups, Not(Contains("system:masters")));
  EXPECT_EQ(issuer_.asked, 2);
  EXPECT_THAT(show(token_of(claims("bob"))), IsOk());
  EXPECT_EQ(issuer_.asked, 2) << "the keys are kept";
}

TEST_F(OidcTest, WrongAudiencesTimesAndSignaturesAreRefused) {
  publish(kX, kY);
  auto other = claims("alice");
  other.set("aud", "another-client");
  EXPECT_THAT(show(token_of(other)), Fails(ErrorClass::auth));
  auto late = claims("alice");
  late.set("exp", to_unix_seconds(clock_.now()) - 1);
  EXPECT_THAT(show(token_of(late)), Fails(ErrorClass::auth));
  auto endless = claims("alice");
  endless.erase("exp");
  EXPECT_THAT(show(token_of(endless)), Fails(ErrorClass::auth));
  const auto good = token_of(claims("alice"));
  const auto forged = good.substr(0, good.rfind('.') + 1) + base64url_encode(std::string(64, 'x'));
  EXPECT_THAT(show(forged), Fails(ErrorClass::auth));
}

TEST_F(OidcTest, AnIssuerThatIsDownIsNoWrongPasswordAndKnownKeysGoOn) {
  publish(kX, kY);
  issuer_.down = true;
  EXPECT_THAT(show(token_of(claims("alice"))), Fails(ErrorClass::transport));
  issuer_.down = false;
  clock_.advance(std::chrono::minutes(2));
  EXPECT_THAT(show(token_of(claims("alice"))), IsOk());
  issuer_.down = true;
  clock_.advance(std::chrono::hours(2));
  EXPECT_THAT(show(token_of(claims("alice"))), IsOk());
}

TEST(Lockout, WaitsLongerEachTimeAndForgets) {
  Lockout lockout;
  Time now = from_unix_seconds(1'800'000'000);
  for (int i = 0; i < 9; ++i) lockout.failed("a", now);
  EXPECT_FALSE(lockout.wait("a", now));
  lockout.failed("a", now);
  EXPECT_EQ(lockout.wait("a", now), std::chrono::seconds(1));
  lockout.failed("a", now);
  EXPECT_EQ(lockout.wait("a", now), std::chrono::seconds(2));
  for (int i = 0; i < 40; ++i) lockout.failed("a", now);
  EXPECT_EQ(lockout.wait("a", now), std::chrono::minutes(15));
  EXPECT_FALSE(lockout.wait("b", now)) << "others do not pay for it";
  lockout.failed("a", now + std::chrono::hours(1));
  EXPECT_FALSE(lockout.wait("a", now + std::chrono::hours(1)));
}

TEST(Lockout, IsBounded) {
  LockoutLimits limits;
  limits.keys_max = 100;
  Lockout lockout(limits);
  const Time now = from_unix_seconds(1'800'000'000);
  for (int i = 0; i < 1000; ++i)
    lockout.failed(std::to_string(i), now + std::chrono::milliseconds(i));
  EXPECT_EQ(lockout.size(), 100U);
}

TEST(Lockout, AnIpv6SourceIsItsNetwork) {
  EXPECT_EQ(source_of("2001:db8::1"), source_of("2001:db8::ffff:1"));
  EXPECT_NE(source_of("2001:db8::1"), source_of("2001:db8:0:1::1"));
  EXPECT_EQ(source_of("192.0.2.1"), "192.0.2.1");
}

TEST_F(AuthnTest, GuessingLocksTheSourceOutAndNobodyElse) {
  for (int i = 0; i < 10; ++i) (void)show("gantry_guess" + std::to_string(i));
  const auto locked = show(account_token());
  EXPECT_THAT(locked, Fails(ErrorClass::overload, HasSubstr("too many failed attempts")));
  EXPECT_TRUE(retry_after(locked.status()).has_value());
  peer_.address = "192.0.2.8";
  EXPECT_THAT(show(account_token()), IsOk());
}

TEST_F(AuthnTest, AClientThatRepeatsOneStaleTokenLocksOutItselfOnly) {
  for (int i = 0; i < 200; ++i) {
    (void)show("gantry_stale");
    clock_.advance(std::chrono::milliseconds(50));
  }
  EXPECT_THAT(show("gantry_stale"), Fails(ErrorClass::overload));
}

}  // namespace
}  // namespace gantry::apiserver
