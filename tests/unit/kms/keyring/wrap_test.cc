#include "kms/keyring/wrap.h"

#include <gtest/gtest.h>

#include <utility>

#include "kms/keyring/fingerprint.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

class WrapTest : public ::testing::Test {
 protected:
  static XaesKey NewKek() { return XaesKey::Create(SecretBytes::Random(32).value()).value(); }

  const XaesKey kek_ = NewKek();
  const SecretBytes dek_ = SecretBytes::Random(32).value();
  const DekPlace place_{"acme", 0x0123456789abcdef, 3, KeyPurpose::kEncrypt};
};

auto Damaged() { return StatusIs(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt); }

TEST_F(WrapTest, UnwrapIsTheInverseOfWrap) {
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, WrapDek(kek_, dek_, place_));
  EXPECT_EQ(wrapped.size(), 24u + 32u + 16u);
  ASSERT_OK_AND_ASSIGN(const SecretBytes same, UnwrapDek(kek_, wrapped, place_));
  EXPECT_TRUE(ConstantTimeEqual(same.Expose(), dek_.Expose()));
}

TEST_F(WrapTest, WrappedDekIsBoundToItsPlace) {
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, WrapDek(kek_, dek_, place_));
  DekPlace other = place_;
  other.tenant = "acm";
  EXPECT_THAT(UnwrapDek(kek_, wrapped, other), Damaged());
  other = place_;
  other.key_id ^= 1;
  EXPECT_THAT(UnwrapDek(kek_, wrapped, other), Damaged());
  other = place_;
  other.version = 2;
  EXPECT_THAT(UnwrapDek(kek_, wrapped, other), Damaged());
  other = place_;
  other.purpose = static_cast<KeyPurpose>(2);
  EXPECT_THAT(UnwrapDek(kek_, wrapped, other), Damaged());
  EXPECT_THAT(UnwrapDek(NewKek(), wrapped, place_), Damaged());
}

TEST_F(WrapTest, AlteredWrappedDekIsRefused) {
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, WrapDek(kek_, dek_, place_));
  for (size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    std::string altered = wrapped;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    EXPECT_THAT(UnwrapDek(kek_, altered, place_), Damaged()) << "bit " << bit;
  }
  EXPECT_THAT(UnwrapDek(kek_, wrapped.substr(1), place_), Damaged());
  EXPECT_THAT(UnwrapDek(kek_, wrapped + "x", place_), Damaged());
  EXPECT_THAT(UnwrapDek(kek_, "", place_), Damaged());
}

TEST_F(WrapTest, OnlyWholeKeysAreWrapped) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes half, SecretBytes::Random(16));
  EXPECT_THAT(WrapDek(kek_, half, place_), StatusIs(Reason::kInternal));
}

// What stores hold for good depends on these bytes.
TEST(KekContext, IsAsDocumented) {
  EXPECT_EQ(KekContext("acme", 0x01020304), std::string("fieldkms/kek/1\0\x04"
                                                        "acme\x01\x02\x03\x04",
                                                        24));
}

TEST(Fingerprint, TellsFieldsApart) {
  ASSERT_OK_AND_ASSIGN(const std::string one, FingerprintOf({"CreateKey", "acme", "k"}));
  ASSERT_OK_AND_ASSIGN(const std::string same, FingerprintOf({"CreateKey", "acme", "k"}));
  EXPECT_EQ(one.size(), 32u);
  EXPECT_EQ(one, same);
  for (const auto& other :
       {FingerprintOf({"CreateKey", "acmek", ""}), FingerprintOf({"CreateKey", "acme", "k", ""}),
        FingerprintOf({"CreateKey", "acme"}), FingerprintOf({"CreateKeyacme", "k"}),
        FingerprintOf({"RotateKey", "acme", "k"})}) {
    ASSERT_OK(other);
    EXPECT_NE(*other, one);
  }
}

}  // namespace
}  // namespace fieldkms
