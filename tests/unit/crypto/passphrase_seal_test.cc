#include "crypto/passphrase_seal.h"

#include <string>
#include <string_view>

#include "crypto/kwp.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

SecretBytes Secret(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

TEST(PassphraseSeal, OpensUnderPassphraseAndBinding) {
  const SecretBytes secret = Secret(std::string("\0 a secret", 10));
  ASSERT_OK_AND_ASSIGN(const std::string sealed,
                       SealUnderPassphrase(Secret("correct horse"), "here", secret));
  EXPECT_EQ(sealed.size(), secret.size() + kPassphraseSealOverhead);
  ASSERT_OK_AND_ASSIGN(const SecretBytes opened,
                       OpenUnderPassphrase(Secret("correct horse"), "here", AsBytes(sealed)));
  EXPECT_EQ(AsText(opened.Expose()), AsText(secret.Expose()));
  const absl::Status failed = KeyUnwrapFailed();
  EXPECT_EQ(OpenUnderPassphrase(Secret("correct house"), "here", AsBytes(sealed)).status(), failed);
  EXPECT_EQ(OpenUnderPassphrase(Secret("correct horse"), "there", AsBytes(sealed)).status(),
            failed);
  std::string altered = sealed;
  altered.back() = static_cast<char>(altered.back() ^ 1);
  EXPECT_EQ(OpenUnderPassphrase(Secret("correct horse"), "here", AsBytes(altered)).status(),
            failed);
}

TEST(PassphraseSeal, NothingIsSealedTwiceAlike) {
  const SecretBytes passphrase = Secret("p");
  const SecretBytes secret = Secret("s");
  EXPECT_NE(SealUnderPassphrase(passphrase, "", secret).value(),
            SealUnderPassphrase(passphrase, "", secret).value());
}

TEST(PassphraseSeal, PricesAndLengthsOutOfBoundsAreRefusedUnpaid) {
  ASSERT_OK_AND_ASSIGN(const std::string sealed, SealUnderPassphrase(Secret("p"), "", Secret("s")));
  const auto refused = [&](size_t at, int value) {
    std::string altered = sealed;
    altered[at] = static_cast<char>(value);
    return OpenUnderPassphrase(Secret("p"), "", AsBytes(altered)).status() == KeyUnwrapFailed();
  };
  for (const int log2_n : {0, 13, 21, 64, 255}) EXPECT_TRUE(refused(0, log2_n));
  for (const int r : {0, 17, 255}) EXPECT_TRUE(refused(1, r));
  for (const int p : {0, 17, 255}) EXPECT_TRUE(refused(2, p));
  for (const size_t size : {size_t{0}, size_t{3}, kPassphraseSealOverhead}) {
    EXPECT_EQ(OpenUnderPassphrase(Secret("p"), "", AsBytes(sealed).first(size)).status(),
              KeyUnwrapFailed());
  }
}

}  // namespace
}  // namespace fieldkms
