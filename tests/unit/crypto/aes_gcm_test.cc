#include "crypto/aes_gcm.h"

#include <openssl/err.h>

#include <algorithm>
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

// One context for each direction, reused through all vectors, as threads do; with the
// nonce as a parameter, and by OpenSSL's init alone. Each message goes twice: with its
// key fresh, and with its key there already, after a message of another nonce.
class AesGcmTest : public ::testing::TestWithParam<bool> {
 protected:
  static std::span<const uint8_t, 12> Nonce(const Bytes& bytes) {
    return std::span<const uint8_t, 12>(bytes.data(), 12);
  }
  static std::span<const uint8_t, 32> Key(const Bytes& bytes) {
    return std::span<const uint8_t, 32>(bytes.data(), 32);
  }

  std::string Seal(const Bytes& key, const Bytes& nonce, const Bytes& aad, const Bytes& plaintext) {
    EXPECT_OK(seal_.SetKey(Key(key)));
    Bytes out(plaintext.size() + kGcmTagSize, 0xaa);
    EXPECT_OK(seal_.Seal(Nonce(nonce), aad, plaintext, out));
    Bytes nothing(kGcmTagSize);
    EXPECT_OK(seal_.Seal(Nonce(kOtherNonce), {}, {}, nothing));
    Bytes again(out.size(), 0x55);
    EXPECT_OK(seal_.Seal(Nonce(nonce), aad, plaintext, again));
    EXPECT_EQ(again, out);
    return ToHex(out);
  }

  // The plaintext in hex, or "refused": with the output wiped.
  std::string Open(const Bytes& key, const Bytes& nonce, const Bytes& aad, const Bytes& sealed) {
    EXPECT_OK(open_.SetKey(Key(key)));
    const std::string opened = OpenOne(nonce, aad, sealed);
    Bytes nothing;
    EXPECT_THAT(open_.Open(Nonce(kOtherNonce), {}, Bytes(kGcmTagSize), nothing),
                StatusIs(Reason::kTagMismatch));
    EXPECT_EQ(OpenOne(nonce, aad, sealed), opened);
    return opened;
  }

  std::string OpenOne(const Bytes& nonce, const Bytes& aad, const Bytes& sealed) {
    Bytes out(sealed.size() - kGcmTagSize, 0xaa);
    const absl::Status status = open_.Open(Nonce(nonce), aad, sealed, out);
    EXPECT_EQ(ERR_peek_error(), 0u);
    if (status.ok()) return ToHex(out);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kTagMismatch));
    EXPECT_EQ(out, Bytes(out.size(), 0));
    return "refused";
  }

  const Bytes kOtherNonce = Bytes(kGcmNonceSize, 0xee);
  AesGcm seal_{AesGcm::Direction::kSeal, GetParam()};
  AesGcm open_{AesGcm::Direction::kOpen, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Nonces, AesGcmTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "AsParameter" : "ByInit"; });

// Else the other half of these tests would be the same again.
TEST(AesGcmNonceTest, TheParameterWorksHere) { EXPECT_TRUE(AesGcm::NonceParameterWorks()); }

TEST_P(AesGcmTest, NistEncrypt) {
  const auto cases = ReadRsp(kVectors + "/gcmEncryptExtIV256.rsp", "Count");
  ASSERT_EQ(cases.size(), 375u);
  for (const RspCase& c : cases) {
    EXPECT_EQ(
        Seal(FromHex(c.at("Key")), FromHex(c.at("IV")), FromHex(c.at("AAD")), FromHex(c.at("PT"))),
        c.at("CT") + c.at("Tag"));
  }
}

TEST_P(AesGcmTest, NistDecrypt) {
  const auto cases = ReadRsp(kVectors + "/gcmDecrypt256.rsp", "Count");
  ASSERT_EQ(cases.size(), 375u);
  size_t refused = 0;
  for (const RspCase& c : cases) {
    const std::string expected = c.contains("FAIL") ? "refused" : c.at("PT");
    EXPECT_EQ(Open(FromHex(c.at("Key")), FromHex(c.at("IV")), FromHex(c.at("AAD")),
                   FromHex(c.at("CT") + c.at("Tag"))),
              expected);
    refused += c.contains("FAIL");
  }
  EXPECT_EQ(refused, 191u);
}

TEST_P(AesGcmTest, Wycheproof) {
  size_t valid = 0;
  size_t invalid = 0;
  const nlohmann::json file = ReadJson(kVectors + "/aes_gcm_test.json");
  for (const auto& group : file.at("testGroups")) {
    if (group.at("keySize") != 256 || group.at("ivSize") != 96) continue;
    for (const auto& test : group.at("tests")) {
      SCOPED_TRACE(test.at("tcId").get<int>());
      const auto field = [&](const char* name) {
        return FromHex(test.at(name).get<std::string>());
      };
      const std::string sealed =
          test.at("ct").get<std::string>() + test.at("tag").get<std::string>();
      const std::string opened = Open(field("key"), field("iv"), field("aad"), FromHex(sealed));
      if (test.at("result") == "valid") {
        EXPECT_EQ(opened, test.at("msg"));
        EXPECT_EQ(Seal(field("key"), field("iv"), field("aad"), field("msg")), sealed);
        ++valid;
      } else {
        EXPECT_EQ(opened, "refused");
        ++invalid;
      }
    }
  }
  EXPECT_EQ(valid, 39u);
  EXPECT_EQ(invalid, 27u);
}

TEST_P(AesGcmTest, NeedsAKey) {
  const Bytes nonce(12);
  Bytes out(16);
  EXPECT_THAT(seal_.Seal(Nonce(nonce), {}, {}, out),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_THAT(open_.Open(Nonce(nonce), {}, out, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  const std::string sealed = Seal(Bytes(32, 1), nonce, {}, {});
  seal_.Clear();
  EXPECT_THAT(seal_.Seal(Nonce(nonce), {}, {}, out),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_EQ(Seal(Bytes(32, 1), nonce, {}, {}), sealed) << "Clear leaves it usable";
}

TEST_P(AesGcmTest, RefusesOutputsOfWrongSize) {
  const Bytes nonce(12);
  const Bytes plaintext(5);
  ASSERT_OK(seal_.SetKey(Key(Bytes(32))));
  ASSERT_OK(open_.SetKey(Key(Bytes(32))));
  for (const size_t size : {size_t{0}, size_t{5}, size_t{20}, size_t{22}}) {
    Bytes out(size);
    EXPECT_THAT(seal_.Seal(Nonce(nonce), {}, plaintext, out),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
  }
  Bytes out(6);
  EXPECT_THAT(open_.Open(Nonce(nonce), {}, Bytes(21), out),
              StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
}

TEST_P(AesGcmTest, ADirectionIsForGood) {
  const Bytes nonce(12);
  Bytes out(16);
  ASSERT_OK(seal_.SetKey(Key(Bytes(32))));
  ASSERT_OK(open_.SetKey(Key(Bytes(32))));
  EXPECT_THAT(open_.Seal(Nonce(nonce), {}, {}, out), StatusIs(Reason::kInternal));
  EXPECT_THAT(seal_.Open(Nonce(nonce), {}, out, {}), StatusIs(Reason::kInternal));
}

TEST_P(AesGcmTest, RefusesWhatIsShorterThanATag) {
  const Bytes nonce(12);
  ASSERT_OK(open_.SetKey(Key(Bytes(32))));
  for (size_t size = 0; size < kGcmTagSize; ++size) {
    EXPECT_THAT(open_.Open(Nonce(nonce), {}, Bytes(size), {}), StatusIs(Reason::kTagMismatch));
  }
}

TEST_P(AesGcmTest, AFailureLeavesTheContextUsable) {
  const Bytes key(32, 9);
  const Bytes nonce(12, 9);
  const Bytes aad = FromHex("0102");
  const Bytes sealed = FromHex(Seal(key, nonce, aad, FromHex("aabbcc")));
  Bytes altered = sealed;
  altered.back() ^= 1;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Open(key, nonce, aad, altered), "refused");
    EXPECT_EQ(Open(key, nonce, aad, sealed), "aabbcc");
  }
}

}  // namespace
}  // namespace fieldkms
