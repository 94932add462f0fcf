#include "crypto/public_key.h"

#include <string>

#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// RFC 8410, 10.1; its fingerprint by `openssl pkey -pubin -outform DER | sha256sum`.
constexpr char kPem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

TEST(PublicKey, FingerprintIsOfTheKeyAndNotOfItsText) {
  ASSERT_OK_AND_ASSIGN(const auto fingerprint, PublicKeyFingerprint(kPem));
  EXPECT_EQ(ToHex(fingerprint), "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f");
  std::string with_carriage_returns = "made at a ceremony\r\n";
  for (const char c : std::string(kPem)) {
    if (c == '\n') with_carriage_returns += '\r';
    with_carriage_returns += c;
  }
  ASSERT_OK_AND_ASSIGN(const auto same, PublicKeyFingerprint(with_carriage_returns));
  EXPECT_EQ(same, fingerprint);
}

TEST(PublicKey, OtherTextIsRefused) {
  for (const char* text :
       {"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_THAT(PublicKeyFingerprint(text), StatusIs(Reason::kInvalidField)) << text;
  }
}

}  // namespace
}  // namespace fieldkms
