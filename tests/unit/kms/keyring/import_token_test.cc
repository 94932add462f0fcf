#include "kms/keyring/import_token.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/bytes.h"
#include "kms/keyring/wrap.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

class ImportTokenTest : public ::testing::Test {
 protected:
  static XaesKey NewKek() { return XaesKey::Create(SecretBytes::Random(32).value()).value(); }
  std::string Sealed() const {
    return SealImportToken(kek_, "acme", header_, private_der_).value();
  }

  const XaesKey kek_ = NewKek();
  const SecretBytes private_der_ = SecretBytes::Random(2'375).value();
  const ImportTokenHeader header_{0x01020304, WallTime(std::chrono::microseconds(0x0506070809))};
};

// One status, whatever is wrong.
auto Failed() { return StatusIs(absl::StatusCode::kInvalidArgument, Reason::kImportFailed); }

TEST_F(ImportTokenTest, OpensToWhatWasSealed) {
  const std::string token = Sealed();
  ASSERT_OK_AND_ASSIGN(const ImportTokenHeader header, ReadImportToken(token));
  EXPECT_EQ(header.kek_version, header_.kek_version);
  EXPECT_EQ(header.end, header_.end);
  ASSERT_OK_AND_ASSIGN(const SecretBytes same, OpenImportToken(kek_, "acme", token));
  EXPECT_TRUE(ConstantTimeEqual(same.Expose(), private_der_.Expose()));
  EXPECT_NE(Sealed(), token) << "a fresh nonce each time";
}

// Tokens outlive an upgrade of the service.
TEST_F(ImportTokenTest, HasTheBytesThatAreDocumented) {
  const std::string token = Sealed();
  EXPECT_EQ(token.size(), 13u + 24u + 2'375u + 16u);
  EXPECT_EQ(ToHex(AsBytes(token).first(13)), "31010203040000000506070809");
  std::string aad(
      "fieldkms/import/1\0\x04"
      "acme",
      23);
  aad += token.substr(0, 13);
  ASSERT_OK_AND_ASSIGN(SecretBytes opened, SecretBytes::Allocate(2'375));
  EXPECT_OK(kek_.Open(AsBytes(token).subspan<13, 24>(), AsBytes(aad), AsBytes(token).subspan(37),
                      opened.ExposeMutable()));
}

TEST_F(ImportTokenTest, IsOfItsTenantAndKek) {
  const std::string token = Sealed();
  for (const char* tenant : {"acm", "acmf", "other"}) {
    EXPECT_THAT(OpenImportToken(kek_, tenant, token), Failed());
  }
  EXPECT_THAT(OpenImportToken(NewKek(), "acme", token), Failed());
}

TEST_F(ImportTokenTest, NoBitMayChange) {
  const std::string token = Sealed();
  for (size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string altered = token;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    ASSERT_THAT(OpenImportToken(kek_, "acme", altered), Failed()) << "bit " << bit;
  }
}

TEST_F(ImportTokenTest, NorItsLength) {
  const std::string token = Sealed();
  for (const size_t size : {size_t{0}, size_t{1}, size_t{13}, size_t{53}, token.size() - 1}) {
    EXPECT_THAT(OpenImportToken(kek_, "acme", token.substr(0, size)), Failed()) << size;
    EXPECT_THAT(OpenImportToken(kek_, "acme", token.substr(token.size() - size)), Failed());
  }
  EXPECT_THAT(OpenImportToken(kek_, "acme", token + '\0'), Failed());
  EXPECT_THAT(OpenImportToken(kek_, "acme", std::string(1 << 20, '\x31')), Failed());
}

// What else a KEK seals is no token, with whatever header.
TEST_F(ImportTokenTest, AWrappedKeyIsNoToken) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes dek, SecretBytes::Random(kDekSize));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped,
                       WrapDek(kek_, dek, {"acme", 1, 1, KeyPurpose::kEncrypt}));
  EXPECT_THAT(OpenImportToken(kek_, "acme", wrapped), Failed());
  EXPECT_THAT(OpenImportToken(kek_, "acme", Sealed().substr(0, 13) + wrapped), Failed());
}

TEST_F(ImportTokenTest, OnlyPrivateKeysAreSealed) {
  EXPECT_THAT(SealImportToken(kek_, "acme", header_, SecretBytes()), StatusIs(Reason::kInternal));
  ASSERT_OK_AND_ASSIGN(const SecretBytes large, SecretBytes::Random(3'073));
  EXPECT_THAT(SealImportToken(kek_, "acme", header_, large), StatusIs(Reason::kInternal));
}

}  // namespace
}  // namespace fieldkms
