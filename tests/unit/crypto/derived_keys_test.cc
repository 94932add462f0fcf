#include "crypto/derived_keys.h"

#include <algorithm>
#include <array>
#include <vector>

#include "crypto/xaes_gcm.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// Caches are seen from inside by giving one id to two keys, which XaesKey never
// does: what comes out tells which key was in the cache.
class DerivedKeysTest : public ::testing::Test {
 protected:
  struct Key {
    explicit Key(uint8_t fill) { k.fill(fill), k1.fill(fill); }
    std::array<uint8_t, 32> k;
    std::array<uint8_t, 16> k1;
  };

  static std::string Seal(uint64_t id, const Key& key, uint8_t prefix_byte) {
    std::array<uint8_t, 12> prefix;
    prefix.fill(prefix_byte);
    AesGcm* const gcm = DerivedKeys::OfThread().ForSeal({id, key.k, key.k1}, prefix).value();
    std::vector<uint8_t> out(kGcmTagSize);
    EXPECT_OK(gcm->Seal(prefix, {}, {}, out));
    return ToHex(out);
  }

  // The commitment of a nonce that is `prefix_byte` twelve times, and `suffix_byte`.
  static std::string Commit(uint64_t id, const Key& key, uint8_t prefix_byte, uint8_t suffix_byte) {
    std::array<uint8_t, 24> nonce;
    std::fill_n(nonce.begin(), 12, prefix_byte);
    std::fill_n(nonce.begin() + 12, 12, suffix_byte);
    std::array<uint8_t, 32> commitment;
    EXPECT_OK(DerivedKeys::OfThread().ForCommittingSeal({id, key.k, key.k1}, nonce, commitment));
    return ToHex(commitment);
  }

  void SetUp() override { ForgetDerivedKeys(); }

  const uint64_t id_ = uint64_t{1} << 60;  // no XaesKey of this process has it
  const Key one_{1};
  const Key two_{2};
};

TEST_F(DerivedKeysTest, TheLastMessageKeyIsKept) {
  const std::string sealed = Seal(id_, one_, 7);
  EXPECT_EQ(Seal(id_, two_, 7), sealed);
}

TEST_F(DerivedKeysTest, AMessageKeyThatOpenSslLostIsDerivedAnew) {
  const std::string sealed = Seal(id_, one_, 7);
  std::array<uint8_t, 12> prefix;
  prefix.fill(7);
  DerivedKeys::OfThread().ForSeal({id_, one_.k, one_.k1}, prefix).value()->Clear();
  EXPECT_EQ(Seal(id_, one_, 7), sealed);
}

TEST_F(DerivedKeysTest, AnotherPrefixOrIdDerivesAnew) {
  const std::string sealed = Seal(id_, one_, 7);
  EXPECT_NE(Seal(id_, one_, 8), sealed);
  EXPECT_NE(Seal(id_ + 1, two_, 7), sealed);
  EXPECT_EQ(Seal(id_, one_, 7), sealed);
}

TEST_F(DerivedKeysTest, ForgetDropsMessageKeysAndKeys) {
  const std::string sealed = Seal(id_, one_, 7);
  const std::string other = Seal(id_, one_, 8);
  ForgetDerivedKeys();
  EXPECT_NE(Seal(id_, two_, 8), other);
  EXPECT_NE(Seal(id_, two_, 7), sealed);
}

TEST_F(DerivedKeysTest, TheLastMaskOfCommitmentsIsKept) {
  const std::string committed = Commit(id_, one_, 7, 1);
  EXPECT_NE(Commit(id_, one_, 7, 2), committed);
  EXPECT_EQ(Commit(id_, two_, 7, 1), committed);
  EXPECT_NE(Commit(id_, two_, 8, 1), committed);
  ForgetDerivedKeys();
  EXPECT_NE(Commit(id_, two_, 7, 1), committed);
}

TEST_F(DerivedKeysTest, BothSuitesShareAMessageKey) {
  const std::string sealed = Seal(id_, one_, 7);
  ForgetDerivedKeys();
  Commit(id_, one_, 7, 1);
  EXPECT_EQ(Seal(id_, two_, 7), sealed) << "derived for a commitment, used without";
  ForgetDerivedKeys();
  const std::string other = Seal(id_, two_, 7);
  const std::string committed = Commit(id_, two_, 7, 1);
  EXPECT_EQ(Seal(id_, two_, 7), other);
  ForgetDerivedKeys();
  EXPECT_EQ(Commit(id_, two_, 7, 1), committed) << "a message key without its mask is no use";
}

TEST_F(DerivedKeysTest, RefusesAWipedKeyAndKeepsNothingOfIt) {
  const Key wiped{0};
  const std::array<uint8_t, 12> prefix = {};
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(DerivedKeys::OfThread().ForSeal({id_, wiped.k, wiped.k1}, prefix),
                StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure));
    EXPECT_THAT(DerivedKeys::OfThread().ForOpen({id_, wiped.k, wiped.k1}, prefix),
                StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure));
  }
}

// The mask is at hand, but K for the blocks of KC may not be.
TEST_F(DerivedKeysTest, CommitsToNoWipedKeyThatItKnows) {
  const std::array<uint8_t, 24> nonce = {};
  std::array<uint8_t, 32> commitment;
  ASSERT_OK(DerivedKeys::OfThread().ForCommittingSeal({id_, one_.k, one_.k1}, nonce, commitment));
  const Key wiped{0};
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(
        DerivedKeys::OfThread().ForCommittingSeal({id_, wiped.k, wiped.k1}, nonce, commitment),
        StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure));
    EXPECT_THAT(
        DerivedKeys::OfThread().ForCommittingOpen({id_, wiped.k, wiped.k1}, nonce, commitment),
        StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure));
  }
}

TEST_F(DerivedKeysTest, EncryptBlocksIsAes256InEcbMode) {
  // NIST SP 800-38A, F.1.5.
  const std::vector<uint8_t> k =
      FromHex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const std::vector<uint8_t> in =
      FromHex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  std::vector<uint8_t> out(32);
  ASSERT_OK(DerivedKeys::OfThread().EncryptBlocks(id_, std::span<const uint8_t, 32>(k.data(), 32),
                                                  in, out));
  EXPECT_EQ(ToHex(out), "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870");
}

}  // namespace
}  // namespace fieldkms
