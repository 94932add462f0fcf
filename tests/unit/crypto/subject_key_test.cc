#include "crypto/subject_key.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crypto/envelope.h"
#include "tests/support/fork.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/crypto/subject_vectors.h"

namespace fieldkms {
namespace {

using Bytes = std::vector<uint8_t>;
constexpr std::array<uint8_t, kXaesNonceSize> kNonce = {};
const std::string kHandle(kEnvelopeSubjectSize, 'h');
const SubjectKeyPlace kPlace = {"acme", 7, 1, AsBytes(kHandle)};

// What tells two keys apart: what they seal.
std::string PrintOf(const XaesKey& key) {
  Bytes sealed(16 + kXaesTagSize);
  EXPECT_OK(key.Seal(XaesNonce(kNonce), {}, Bytes(16), sealed));
  return ToHex(sealed);
}

std::string Derived(const Bytes& version_key, const Bytes& secret, const SubjectKeyPlace& place) {
  return PrintOf(DeriveSubjectKey(XaesKeyOf(version_key), secret, place).value());
}

absl::Status Refusal(ByteView secret, const SubjectKeyPlace& place) {
  return DeriveSubjectKey(XaesKeyOf(Bytes(32, 1)), secret, place).status();
}

TEST(SubjectKeyTest, VectorsOfAnotherImplementation) {
  ASSERT_EQ(SubjectVectors().size(), 4u);
  for (const SubjectVector& vector : SubjectVectors()) {
    SCOPED_TRACE(vector.comment);
    EXPECT_EQ(PrintOf(vector.Derived()), PrintOf(XaesKeyOf(AsBytes(vector.key))));
    const XaesKey version_key = XaesKeyOf(AsBytes(vector.version_key));
    const XaesKey key = version_key.Derive(AsBytes(vector.secret), AsBytes(vector.info)).value();
    EXPECT_EQ(PrintOf(key), PrintOf(XaesKeyOf(AsBytes(vector.key))));
  }
}

TEST(SubjectKeyTest, EveryPartSeparates) {
  const Bytes key(32, 1), secret(32, 2);
  const std::string other = std::string(kEnvelopeSubjectSize - 1, 'h') + "i";
  Bytes last_of_secret = secret, last_of_key = key;
  last_of_secret.back() = 3;
  last_of_key.back() = 3;
  const std::set<std::string> results = {
      Derived(key, secret, kPlace),
      Derived(last_of_key, secret, kPlace),
      Derived(key, last_of_secret, kPlace),
      Derived(secret, key, kPlace),
      Derived(key, secret, {"acmf", 7, 1, AsBytes(kHandle)}),
      Derived(key, secret, {"acm", 7, 1, AsBytes(kHandle)}),
      Derived(key, secret, {"acme", 8, 1, AsBytes(kHandle)}),
      Derived(key, secret, {"acme", 7ULL << 32, 1, AsBytes(kHandle)}),
      Derived(key, secret, {"acme", 7, 2, AsBytes(kHandle)}),
      Derived(key, secret, {"acme", 7, 1, AsBytes(other)}),
      PrintOf(XaesKeyOf(key)),
      PrintOf(XaesKeyOf(secret)),
  };
  EXPECT_EQ(results.size(), 12u);
  EXPECT_EQ(Derived(key, secret, kPlace), Derived(key, secret, kPlace));
}

TEST(SubjectKeyTest, RefusesWhatIsOutOfBounds) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal);
  const auto no_tenant = StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField);
  const Bytes secret(32, 2);
  EXPECT_OK(Refusal(secret, kPlace));
  for (const size_t size : {0u, 16u, 31u, 33u, 64u}) {
    EXPECT_THAT(Refusal(Bytes(size, 2), kPlace), refused) << size;
  }
  const ByteView handle = AsBytes(kHandle);
  for (const char* tenant : {"", "Acme", "1acme"}) {
    EXPECT_THAT(Refusal(secret, {tenant, 7, 1, handle}), no_tenant) << tenant;
  }
  EXPECT_THAT(Refusal(secret, {std::string(64, 't'), 7, 1, handle}), no_tenant);
  EXPECT_THAT(Refusal(secret, {"acme", 0, 1, handle}), refused);
  EXPECT_THAT(Refusal(secret, {"acme", 7, 0, handle}), refused);
  EXPECT_THAT(Refusal(secret, {"acme", 7, 1, {}}), refused);
  EXPECT_THAT(Refusal(secret, {"acme", 7, 1, handle.first(15)}), refused);
  EXPECT_THAT(Refusal(secret, {"acme", 7, 1, Bytes(17)}), refused);
  EXPECT_OK(Refusal(secret, {std::string(63, 't'), std::numeric_limits<uint64_t>::max(),
                             std::numeric_limits<uint32_t>::max(), handle}));
}

// HKDF takes 32 zero bytes for no salt: the version alone would open what is sealed so.
TEST(SubjectKeyTest, RefusesASecretOfZeros) {
  EXPECT_THAT(Refusal(Bytes(32), kPlace),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure));
  Bytes one_bit(32);
  one_bit.back() = 1;
  EXPECT_OK(Refusal(one_bit, kPlace));
}

TEST(SubjectKeyTest, TheChildOfAForkDerivesNothingFromWipedKeys) {
  const XaesKey key = XaesKeyOf(Bytes(32, 1));
  const Bytes secret(32, 2);
  EXPECT_OK(DeriveSubjectKey(key, secret, kPlace).status());
  EXPECT_EQ(OutputOfChild([&] {
              const absl::Status status = DeriveSubjectKey(key, secret, kPlace).status();
              return std::string(ReasonName(ReasonOf(status)));
            }),
            "CRYPTO_FAILURE");
}

TEST(SubjectKeyTest, AKeyThatWasMovedAwayDerivesNothing) {
  XaesKey key = XaesKeyOf(Bytes(32, 1));
  const XaesKey taken = std::move(key);
  // NOLINTNEXTLINE(bugprone-use-after-move): what is tested
  EXPECT_THAT(DeriveSubjectKey(key, Bytes(32, 2), kPlace).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
}

TEST(SubjectKeyTest, LeavesNoSecretsBehind) {
  const XaesKey key = XaesKeyOf(Bytes(32, 1));
  const size_t before = GetSecretMemoryStats().in_use;
  EXPECT_OK(DeriveSubjectKey(key, Bytes(32, 2), kPlace).status());
  EXPECT_EQ(GetSecretMemoryStats().in_use, before);
}

}  // namespace
}  // namespace fieldkms
