#include "pkg/crypto/signature.h"

#include "pkg/base/testing.h"
#include "pkg/base/text.h"
#include "pkg/crypto/certificates.h"

namespace gantry::crypto {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

SigningKey fresh_key() {
  return *SigningKey::from_pem(*SigningKey::make_pem());
}

TEST(Signature, IsVerifiedByItsKeyAndNoOther) {
  const auto key = fresh_key();
  const auto signature = key.sign("text");
  ASSERT_THAT(signature, IsOk());
  EXPECT_EQ(signature->size(), 64U);
  EXPECT_TRUE(key.public_key().verify("text", *signature));
  EXPECT_FALSE(key.public_key().verify("other", *signature));
  EXPECT_FALSE(fresh_key().public_key().verify("text", *signature));
  for (const auto& wrong :
       {std::string(), signature->substr(1), *signature + "x", std::string(64, '\0')})
    EXPECT_FALSE(key.public_key().verify("text", wrong));
}

TEST(Signature, KnowsTheExamplesOfRfc7515) {
  // A.2: RS256.
  const auto n = base64url_decode(
      "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
      "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5r"
      "exMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhy"
      "xXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ");
  const auto rsa = PublicKey::from_rsa(*n, *base64url_decode("AQAB"));
  ASSERT_THAT(rsa, IsOk());
  EXPECT_TRUE(rsa->verify(
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
      "NvbS9pc19yb290Ijp0cnVlfQ",
      *base64url_decode(
          "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
          "O8W2F"
          "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
          "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
          "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
          "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY"
          "I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")));
  // A.3: ES256.
  const auto curve =
      PublicKey::from_p256(*base64url_decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                           *base64url_decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
  ASSERT_THAT(curve, IsOk());
  EXPECT_TRUE(curve->verify(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
      "NvbS9pc19yb290Ijp0cnVlfQ",
      *base64url_decode(
          "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
          "P3-Kg6NU1Q")));
}

TEST(Signature, KeysThatAreTooWeakOrNoneAreRefused) {
  EXPECT_THAT(PublicKey::from_rsa(std::string(64, '\x7f'), "\x01\x00\x01"),
              Fails(ErrorClass::invalid));
  EXPECT_THAT(PublicKey::from_p256(std::string(32, 'a'), std::string(32, 'b')),
              Fails(ErrorClass::invalid));
  EXPECT_THAT(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
              Fails(ErrorClass::invalid));
  EXPECT_THAT(SigningKey::from_pem(""), Fails(ErrorClass::invalid));
}

}  // namespace
}  // namespace gantry::crypto
