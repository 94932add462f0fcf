#include "crypto/sha256.h"

#include <string>

#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// FIPS 180-4, examples of NIST.
constexpr char kText[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr char kDigest[] = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr char kOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256Test, PublishedVectors) {
  ASSERT_OK_AND_ASSIGN(const auto digest, Sha256(AsBytes(kText)));
  EXPECT_EQ(ToHex(digest), kDigest);
  ASSERT_OK_AND_ASSIGN(const auto empty, Sha256({}));
  EXPECT_EQ(ToHex(empty), kOfNothing);
}

TEST(Sha256Test, PiecesAreTheWhole) {
  const std::string text = kText;
  for (size_t size = 1; size <= text.size(); ++size) {
    Sha256Stream stream;
    for (size_t at = 0; at < text.size(); at += size) {
      ASSERT_OK(stream.Update(AsBytes(text.substr(at, size))));
      ASSERT_OK(stream.Update({}));
    }
    ASSERT_OK_AND_ASSIGN(const auto digest, stream.Finish());
    EXPECT_EQ(ToHex(digest), kDigest) << size;
  }
  Sha256Stream nothing;
  ASSERT_OK_AND_ASSIGN(const auto empty, nothing.Finish());
  EXPECT_EQ(ToHex(empty), kOfNothing);
  EXPECT_THAT(nothing.Update({}), StatusIs(Reason::kCryptoFailure));  // it is finished
  EXPECT_THAT(nothing.Finish(), StatusIs(Reason::kCryptoFailure));
}

}  // namespace
}  // namespace fieldkms
