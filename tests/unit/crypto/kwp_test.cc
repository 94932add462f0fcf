#include "crypto/kwp.h"

#include <openssl/err.h>

#include <span>
#include <string>
#include <vector>

#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

using Bytes = std::vector<uint8_t>;
const std::string kVectors = testing::VectorsDir();

std::span<const uint8_t, kKwpKeySize> Key(const Bytes& bytes) {
  return std::span<const uint8_t, kKwpKeySize>(bytes.data(), kKwpKeySize);
}

Bytes Wrap(const Bytes& key, const Bytes& secret) {
  Bytes out(KwpSize(secret.size()));
  EXPECT_OK(WrapKwp(Key(key), secret, out));
  return out;
}

// The secret in hex, or "refused".
std::string Unwrap(const Bytes& key, const Bytes& wrapped) {
  const absl::StatusOr<SecretBytes> secret = UnwrapKwp(Key(key), wrapped);
  EXPECT_EQ(ERR_peek_error(), 0u);
  if (secret.ok()) return ToHex(secret->Expose());
  EXPECT_EQ(secret.status(), KeyUnwrapFailed());
  return "refused";
}

// Those of 256-bit keys: RFC 5649's own two are of a 192-bit one.
TEST(KwpTest, Wycheproof) {
  size_t valid = 0;
  size_t invalid = 0;
  const nlohmann::json file = ReadJson(kVectors + "/aes_kwp_test.json");
  for (const auto& group : file.at("testGroups")) {
    if (group.at("keySize") != 256) continue;
    for (const auto& test : group.at("tests")) {
      SCOPED_TRACE(test.at("tcId").get<int>());
      const auto field = [&](const char* name) {
        return FromHex(test.at(name).get<std::string>());
      };
      if (test.at("result") == "valid") {
        EXPECT_EQ(ToHex(Wrap(field("key"), field("msg"))), test.at("ct"));
        EXPECT_EQ(Unwrap(field("key"), field("ct")), test.at("msg"));
        ++valid;
      } else {
        EXPECT_EQ(Unwrap(field("key"), field("ct")), "refused");
        ++invalid;
      }
    }
  }
  EXPECT_EQ(valid, 25u);
  EXPECT_EQ(invalid, 69u);
}

TEST(KwpTest, RoundTripsSecretsOfEverySize) {
  const Bytes key(32, 0x11);
  for (size_t size = 1; size <= 80; ++size) {
    const Bytes secret(size, static_cast<uint8_t>(size));
    EXPECT_EQ(Wrap(key, secret).size(), (size + 7) / 8 * 8 + 8);
    EXPECT_EQ(Unwrap(key, Wrap(key, secret)), ToHex(secret));
  }
  const Bytes longest(kKwpMaxSecret, 7);
  EXPECT_EQ(Unwrap(key, Wrap(key, longest)), ToHex(longest));
}

TEST(KwpTest, NothingUnwrapsWithABitFlippedCutOrExtended) {
  const Bytes key(32, 0x11);
  for (const size_t size : {1u, 8u, 32u, 33u}) {
    const Bytes wrapped = Wrap(key, Bytes(size, 0x22));
    for (size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
      Bytes flipped = wrapped;
      flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
      EXPECT_EQ(Unwrap(key, flipped), "refused") << "bit " << bit;
    }
    for (size_t cut = 0; cut < wrapped.size(); ++cut) {
      EXPECT_EQ(Unwrap(key, Bytes(wrapped.begin(), wrapped.begin() + static_cast<int>(cut))),
                "refused");
    }
    Bytes longer = wrapped;
    longer.resize(longer.size() + 8);
    EXPECT_EQ(Unwrap(key, longer), "refused");
    EXPECT_EQ(Unwrap(Bytes(32, 0x12), wrapped), "refused") << "another key";
  }
  EXPECT_EQ(Unwrap(key, Bytes(KwpSize(kKwpMaxSecret) + 8)), "refused");
  EXPECT_THAT(KeyUnwrapFailed(),
              StatusIs(absl::StatusCode::kInvalidArgument, Reason::kKeyUnwrapFailed));
}

TEST(KwpTest, RefusesToWrapOtherSizes) {
  const Bytes key(32, 0x11);
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal);
  Bytes out(16);
  EXPECT_THAT(WrapKwp(Key(key), {}, out), refused);
  EXPECT_THAT(WrapKwp(Key(key), Bytes(9), out), refused);
  Bytes large(KwpSize(kKwpMaxSecret + 1));
  EXPECT_THAT(WrapKwp(Key(key), Bytes(kKwpMaxSecret + 1), large), refused);
}

}  // namespace
}  // namespace fieldkms
