// KC-XAES-256-GCM: the committing half of crypto/xaes_gcm.h.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/xaes_gcm.h"
#include "tests/support/fork.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using Bytes = std::vector<uint8_t>;

XaesKey MakeKey(const Bytes& bytes) {
  return XaesKey::Create(SecretBytes::CopyOf(bytes).value()).value();
}

XaesNonce NonceOf(const Bytes& bytes) { return XaesNonce(bytes.data(), kXaesNonceSize); }

// Ciphertext, tag and commitment.
Bytes Seal(const XaesKey& key, const Bytes& nonce, ByteView aad, ByteView plaintext) {
  Bytes out(plaintext.size() + kXaesTagSize + kXaesCommitmentSize);
  const MutableBytes all(out);
  EXPECT_OK(key.SealCommitting(NonceOf(nonce), aad, plaintext,
                               all.first(plaintext.size() + kXaesTagSize),
                               all.last<kXaesCommitmentSize>()));
  return out;
}

// The plaintext as text, or "refused" (with the output wiped).
std::string Open(const XaesKey& key, const Bytes& nonce, ByteView aad, ByteView sealed) {
  const size_t commitment_at = sealed.size() - kXaesCommitmentSize;
  Bytes plaintext(commitment_at - kXaesTagSize, 0xaa);
  const absl::Status status = key.OpenCommitting(NonceOf(nonce), aad, sealed.first(commitment_at),
                                                 sealed.last<kXaesCommitmentSize>(), plaintext);
  EXPECT_EQ(ERR_peek_error(), 0u);
  if (status.ok()) return std::string(AsText(plaintext));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kTagMismatch));
  EXPECT_EQ(plaintext, Bytes(plaintext.size(), 0));
  return "refused";
}

Bytes Flip(Bytes bytes, size_t bit) {
  bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
  return bytes;
}

// AWS-LC, crypto/cipher_extra/test/xaes_256_gcm_kc_tests.txt: all of its three.
struct AwsVector {
  uint8_t key;  // 32 times
  const char* nonce;
  const char* aad;
  const char* plaintext;
  const char* sealed;  // ciphertext ‖ tag ‖ commitment
};
constexpr AwsVector kAwsVectors[] = {
    {1, "424242424242424242424242424242424242424242424242", "",
     "48656c6c6f2c20584145532d3235362d47434d21",
     "01e5f78bc99de880bd2eeff2870d361f0eab5b2f"
     "c55268f34b14045878fe3668db980319"
     "bf37571be1b43aeca64a95d99a2f162e24f8bfd79bbb71fa7d943e6fc060a8ae"},
    {1, "4142434445464748494a4b4c4d4e4f505152535455565758", "", "584145532d3235362d47434d",
     "ce546ef63c9cc60765923609"
     "b33a9a1974e96e52daf2fcf7075e2271"
     "04076b6085eebab138855fe57811c04112eff989d44120dfff662d5475a383c3"},
    {3, "4142434445464748494a4b4c4d4e4f505152535455565758",
     "633273702e6f72672f584145532d3235362d47434d", "584145532d3235362d47434d",
     "986ec1832593df5443a17943"
     "7fd083bf3fdb41abd740a21f71eb769d"
     "5553cd21d1592b422e3129632a3187eee8a658cdca5c5b32ce86308dcc18e9d1"},
};

TEST(KcXaesGcmTest, MatchesTheVectorsOfAwsLc) {
  for (const AwsVector& vector : kAwsVectors) {
    const XaesKey key = MakeKey(Bytes(32, vector.key));
    const Bytes nonce = FromHex(vector.nonce);
    const Bytes aad = FromHex(vector.aad);
    const Bytes plaintext = FromHex(vector.plaintext);
    EXPECT_EQ(ToHex(Seal(key, nonce, aad, plaintext)), vector.sealed);
    EXPECT_EQ(Open(key, nonce, aad, FromHex(vector.sealed)), AsText(plaintext));
  }
}

TEST(KcXaesGcmTest, EveryBitOfKeyNonceAadAndSealedCounts) {
  const Bytes key_bytes(32, 0x11);
  const Bytes nonce(24, 0x22);
  const Bytes aad = FromHex("a0a1a2");
  const XaesKey key = MakeKey(key_bytes);
  const Bytes sealed = Seal(key, nonce, aad, AsBytes("value"));
  for (size_t bit = 0; bit < key_bytes.size() * 8; ++bit) {
    EXPECT_EQ(Open(MakeKey(Flip(key_bytes, bit)), nonce, aad, sealed), "refused");
  }
  for (size_t bit = 0; bit < nonce.size() * 8; ++bit) {
    EXPECT_EQ(Open(key, Flip(nonce, bit), aad, sealed), "refused");
  }
  for (size_t bit = 0; bit < aad.size() * 8; ++bit) {
    EXPECT_EQ(Open(key, nonce, Flip(aad, bit), sealed), "refused");
  }
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    EXPECT_EQ(Open(key, nonce, aad, Flip(sealed, bit)), "refused");
  }
  EXPECT_EQ(Open(key, nonce, aad, sealed), "value");
}

// The commitment is of key and nonce alone: another key's differs, whatever it sealed,
// and a message with its own tag and another's commitment is refused before the tag.
TEST(KcXaesGcmTest, CommitsToTheKey) {
  const Bytes nonce(24, 0x22);
  const XaesKey one = MakeKey(Bytes(32, 1));
  const XaesKey two = MakeKey(Bytes(32, 2));
  const Bytes of_one = Seal(one, nonce, {}, AsBytes("value"));
  const Bytes of_two = Seal(two, nonce, {}, AsBytes("value"));
  const auto commitment = [](const Bytes& sealed) {
    return Bytes(sealed.end() - kXaesCommitmentSize, sealed.end());
  };
  EXPECT_EQ(commitment(Seal(one, nonce, AsBytes("aad"), AsBytes("other"))), commitment(of_one));
  EXPECT_NE(commitment(of_one), commitment(of_two));
  Bytes mixed = of_two;  // what two opens, but for the commitment
  const Bytes stranger = commitment(of_one);
  std::copy(stranger.begin(), stranger.end(), mixed.end() - kXaesCommitmentSize);
  EXPECT_EQ(Open(two, nonce, {}, mixed), "refused");
  EXPECT_EQ(Open(one, nonce, {}, mixed), "refused");
  EXPECT_EQ(Open(two, nonce, {}, of_two), "value");
}

TEST(KcXaesGcmTest, RefusesTruncatedInput) {
  const Bytes nonce(24, 0x22);
  const XaesKey key = MakeKey(Bytes(32, 1));
  const Bytes sealed = Seal(key, nonce, {}, {});
  for (size_t size = 0; size < kXaesTagSize; ++size) {
    EXPECT_THAT(key.OpenCommitting(NonceOf(nonce), {}, ByteView(sealed).first(size),
                                   ByteView(sealed).last<kXaesCommitmentSize>(), {}),
                StatusIs(Reason::kTagMismatch));
  }
}

TEST(KcXaesGcmTest, AMovedFromKeyIsRefused) {
  const Bytes nonce(24);
  XaesKey key = MakeKey(Bytes(32, 1));
  const XaesKey taken = std::move(key);
  Bytes out(16);
  std::array<uint8_t, kXaesCommitmentSize> commitment = {};
  EXPECT_THAT(key.SealCommitting(NonceOf(nonce), {}, {}, out,
                                 commitment),  // NOLINT(bugprone-use-after-move)
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_THAT(key.OpenCommitting(NonceOf(nonce), {}, out, commitment, {}),
              StatusIs(Reason::kInternal));
}

// The message key and its mask are in the thread's cache, K is zeroed: a commitment
// made of that would lose the value.
TEST(KcXaesGcmTest, AKeyWipedByAForkIsRefused) {
  const Bytes nonce(24, 0x22);
  const XaesKey key = MakeKey(Bytes(32, 1));
  Seal(key, nonce, {}, {});
  EXPECT_EQ(OutputOfChild([&] {
              Bytes out(16);
              std::array<uint8_t, kXaesCommitmentSize> commitment;
              const absl::Status status =
                  key.SealCommitting(NonceOf(nonce), {}, {}, out, commitment);
              return std::string(ReasonName(ReasonOf(status)));
            }),
            "CRYPTO_FAILURE");
}

// Both suites, keys and nonces mixed so that every cache hits, misses and evicts.
RC_GTEST_PROP(KcXaesGcmTest, CachesOfAThreadChangeNothing, ()) {
  static const std::vector<XaesKey>* const keys = [] {
    auto* made = new std::vector<XaesKey>;
    for (uint8_t i = 0; i < 40; ++i) made->push_back(MakeKey(Bytes(32, i)));
    return made;
  }();
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    const XaesKey& key = (*keys)[*rc::gen::inRange<size_t>(0, keys->size())];
    Bytes nonce(24, *rc::gen::inRange<uint8_t>(0, 3));
    nonce.back() = *rc::gen::inRange<uint8_t>(0, 3);
    const Bytes plaintext(*rc::gen::inRange<size_t>(0, 40), 'p');
    Bytes plain(plaintext.size() + kXaesTagSize);
    if (*rc::gen::inRange(0, 2) == 0)
      RC_ASSERT(key.Seal(NonceOf(nonce), {}, plaintext, plain).ok());
    const Bytes cached = Seal(key, nonce, {}, plaintext);
    RC_ASSERT(key.Seal(NonceOf(nonce), {}, plaintext, plain).ok());
    RC_ASSERT(Bytes(cached.begin(), cached.end() - kXaesCommitmentSize) == plain);
    if (*rc::gen::inRange(0, 4) == 0) ForgetDerivedKeys();
    RC_ASSERT(Open(key, nonce, {}, cached) == std::string(AsText(plaintext)));
    ForgetDerivedKeys();
    RC_ASSERT(Seal(key, nonce, {}, plaintext) == cached);
  }
}

TEST(KcXaesGcmTest, ThreadsShareAKeyWhileOthersAreForgotten) {
  const Bytes nonce(24, 0x22);
  const XaesKey key = MakeKey(Bytes(32, 1));
  const Bytes expected = Seal(key, nonce, {}, AsBytes("value"));
  std::vector<std::jthread> threads;
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(Seal(key, nonce, {}, AsBytes("value")), expected);
        ASSERT_EQ(Open(key, nonce, {}, expected), "value");
        if (i % 50 == 0) ForgetDerivedKeys();
      }
    });
  }
}

}  // namespace
}  // namespace fieldkms
