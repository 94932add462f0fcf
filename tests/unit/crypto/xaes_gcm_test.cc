#include "crypto/xaes_gcm.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fake_random.h"
#include "tests/support/fork.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/support/xaes_accumulated.h"

namespace fieldkms {
namespace {

using Bytes = std::vector<uint8_t>;

XaesKey MakeKey(const Bytes& bytes) {
  return XaesKey::Create(SecretBytes::CopyOf(bytes).value()).value();
}

XaesNonce NonceOf(const Bytes& bytes) { return XaesNonce(bytes.data(), kXaesNonceSize); }

XaesNonce VectorNonce() {
  static const std::string text = "ABCDEFGHIJKLMNOPQRSTUVWX";
  return AsBytes(text).first<kXaesNonceSize>();
}

Bytes Seal(const XaesKey& key, XaesNonce nonce, ByteView aad, ByteView plaintext) {
  Bytes sealed(plaintext.size() + kXaesTagSize);
  EXPECT_OK(key.Seal(nonce, aad, plaintext, sealed));
  return sealed;
}

// The plaintext as text, or "refused" (with the output wiped).
std::string Open(const XaesKey& key, XaesNonce nonce, ByteView aad, ByteView sealed) {
  Bytes plaintext(sealed.size() - kXaesTagSize, 0xaa);
  const absl::Status status = key.Open(nonce, aad, sealed, plaintext);
  EXPECT_EQ(ERR_peek_error(), 0u);
  if (status.ok()) return std::string(AsText(plaintext));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kTagMismatch));
  EXPECT_EQ(plaintext, Bytes(plaintext.size(), 0));
  return "refused";
}

// https://c2sp.org/XAES-256-GCM, "Test Vectors": the most significant bit of
// E_K(0) is clear for the first key and set for the second.
TEST(XaesGcmTest, MatchesTheVectorsOfTheSpecification) {
  const XaesKey first = MakeKey(Bytes(32, 1));
  const Bytes sealed = Seal(first, VectorNonce(), {}, AsBytes("XAES-256-GCM"));
  EXPECT_EQ(ToHex(sealed), "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  EXPECT_EQ(Open(first, VectorNonce(), {}, sealed), "XAES-256-GCM");

  const XaesKey second = MakeKey(Bytes(32, 3));
  const ByteView aad = AsBytes("c2sp.org/XAES-256-GCM");
  const Bytes bound = Seal(second, VectorNonce(), aad, AsBytes("XAES-256-GCM"));
  EXPECT_EQ(ToHex(bound), "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
  EXPECT_EQ(Open(second, VectorNonce(), aad, bound), "XAES-256-GCM");
  EXPECT_EQ(Open(second, VectorNonce(), {}, bound), "refused");
}

TEST(XaesGcmTest, MatchesTheAccumulatedVectorOfTenThousand) {
  EXPECT_EQ(XaesAccumulated(10'000),
            "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

TEST(XaesGcmTest, EveryBitOfKeyNonceAadAndSealedCounts) {
  const Bytes key_bytes(32, 0x11);
  const Bytes nonce(24, 0x22);
  const Bytes aad = FromHex("a0a1a2");
  const XaesKey key = MakeKey(key_bytes);
  const Bytes sealed = Seal(key, NonceOf(nonce), aad, AsBytes("value"));
  const auto flips = [](Bytes bytes, size_t bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    return bytes;
  };
  for (size_t bit = 0; bit < key_bytes.size() * 8; ++bit) {
    EXPECT_EQ(Open(MakeKey(flips(key_bytes, bit)), NonceOf(nonce), aad, sealed), "refused");
  }
  for (size_t bit = 0; bit < nonce.size() * 8; ++bit) {
    EXPECT_EQ(Open(key, NonceOf(flips(nonce, bit)), aad, sealed), "refused");
  }
  for (size_t bit = 0; bit < aad.size() * 8; ++bit) {
    EXPECT_EQ(Open(key, NonceOf(nonce), flips(aad, bit), sealed), "refused");
  }
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    EXPECT_EQ(Open(key, NonceOf(nonce), aad, flips(sealed, bit)), "refused");
  }
  EXPECT_EQ(Open(key, NonceOf(nonce), aad, sealed), "value");
}

TEST(XaesGcmTest, EmptyPlaintextIsSealedAndAuthenticated) {
  const XaesKey key = MakeKey(Bytes(32, 1));
  Bytes sealed = Seal(key, VectorNonce(), {}, {});
  EXPECT_EQ(sealed.size(), kXaesTagSize);
  EXPECT_EQ(Open(key, VectorNonce(), {}, sealed), "");
  sealed[0] ^= 1;
  EXPECT_EQ(Open(key, VectorNonce(), {}, sealed), "refused");
}

TEST(XaesGcmTest, RefusesKeysOfOtherSizes) {
  for (const size_t size : {size_t{0}, size_t{16}, size_t{31}, size_t{33}, size_t{64}}) {
    EXPECT_THAT(XaesKey::Create(SecretBytes::Allocate(size).value()),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
  }
}

TEST(XaesGcmTest, RefusesTruncatedInput) {
  const XaesKey key = MakeKey(Bytes(32, 1));
  const Bytes sealed = Seal(key, VectorNonce(), {}, AsBytes("value"));
  for (size_t size = 0; size < sealed.size(); ++size) {
    Bytes plaintext(size < kXaesTagSize ? 0 : size - kXaesTagSize);
    EXPECT_THAT(key.Open(VectorNonce(), {}, ByteView(sealed).first(size), plaintext),
                StatusIs(Reason::kTagMismatch));
  }
}

TEST(XaesGcmTest, AMovedFromKeyIsRefused) {
  XaesKey key = MakeKey(Bytes(32, 1));
  const XaesKey taken = std::move(key);
  Bytes out(16);
  EXPECT_THAT(key.Seal(VectorNonce(), {}, {}, out),  // NOLINT(bugprone-use-after-move)
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_THAT(key.Open(VectorNonce(), {}, out, {}), StatusIs(Reason::kInternal));
  EXPECT_OK(taken.Seal(VectorNonce(), {}, {}, out));
}

// The slab is zeroed in a child: it must not go on with a key of zeroes.
TEST(XaesGcmTest, AKeyWipedByAForkIsRefused) {
  const XaesKey key = MakeKey(Bytes(32, 1));
  EXPECT_EQ(OutputOfChild([&key] {
              Bytes out(16);
              const absl::Status status = key.Seal(VectorNonce(), {}, {}, out);
              return std::string(ReasonName(ReasonOf(status)));
            }),
            "CRYPTO_FAILURE");
  Seal(key, VectorNonce(), {}, {});
}

// Keys, nonces and directions mixed so that every cache hits, misses and evicts.
RC_GTEST_PROP(XaesGcmTest, CachesOfAThreadChangeNothing, ()) {
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
    const Bytes cached = Seal(key, NonceOf(nonce), {}, plaintext);
    if (*rc::gen::inRange(0, 4) == 0) ForgetDerivedKeys();
    RC_ASSERT(Open(key, NonceOf(nonce), {}, cached) == std::string(AsText(plaintext)));
    ForgetDerivedKeys();
    RC_ASSERT(Seal(key, NonceOf(nonce), {}, plaintext) == cached);
  }
}

TEST(XaesGcmTest, ThreadsShareAKeyWhileOthersAreForgotten) {
  const XaesKey key = MakeKey(Bytes(32, 1));
  const Bytes expected = Seal(key, VectorNonce(), {}, AsBytes("value"));
  std::vector<std::jthread> threads;
  for (uint8_t id = 0; id < 4; ++id) {
    threads.emplace_back([&key, &expected, id] {
      for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(Seal(key, VectorNonce(), {}, AsBytes("value")), expected);
        ASSERT_EQ(Open(key, VectorNonce(), {}, expected), "value");
        const XaesKey own = MakeKey(Bytes(32, static_cast<uint8_t>(id + 7)));
        const Bytes sealed = Seal(own, VectorNonce(), {}, AsBytes("own"));
        ASSERT_EQ(Open(own, VectorNonce(), {}, sealed), "own");
        ASSERT_NE(sealed, Seal(key, VectorNonce(), {}, AsBytes("own")));
        if (i % 50 == 0) ForgetDerivedKeys();
      }
    });
  }
}

TEST(BatchNoncesTest, CountUpFromARandomStart) {
  ASSERT_OK_AND_ASSIGN(BatchNonces nonces, BatchNonces::Start());
  const XaesNonce first = nonces.Next();
  Bytes expected(first.begin(), first.end());
  EXPECT_NE(expected, Bytes(24));
  for (int i = 0; i < 70'000; ++i) {
    for (size_t byte = 24; byte-- > 12 && ++expected[byte] == 0;) {
    }
    const XaesNonce next = nonces.Next();
    ASSERT_EQ(Bytes(next.begin(), next.end()), expected) << i;
  }
}

TEST(BatchNoncesTest, TheCountWrapsWithinTheLastTwelveBytes) {
  std::jthread thread([] {  // of its own, for its empty pool of nonces
    FakeRandom random;
    random.fill = 0xff;
    BatchNonces nonces = BatchNonces::Start().value();
    EXPECT_EQ(ToHex(nonces.Next()), std::string(48, 'f'));
    EXPECT_EQ(ToHex(nonces.Next()), std::string(24, 'f') + std::string(24, '0'));
    EXPECT_EQ(ToHex(nonces.Next()), std::string(24, 'f') + std::string(23, '0') + '1');
  });
}

TEST(BatchNoncesTest, FailsWithTheGenerator) {
  std::jthread thread([] {
    FakeRandom random;
    random.fails = true;
    EXPECT_THAT(BatchNonces::Start(), StatusIs(Reason::kCryptoFailure));
  });
}

TEST(BatchNoncesTest, BatchesStartApart) {
  std::set<Bytes> starts;
  for (int i = 0; i < 1000; ++i) {
    BatchNonces nonces = BatchNonces::Start().value();
    const XaesNonce first = nonces.Next();
    starts.insert(Bytes(first.begin(), first.end()));
  }
  EXPECT_EQ(starts.size(), 1000u);
}

}  // namespace
}  // namespace fieldkms
