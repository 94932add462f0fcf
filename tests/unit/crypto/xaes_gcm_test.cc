#include "crypto/xaes_gcm.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using Bytes = std::vector<uint8_t>;

XaesKey MakeKey(const Bytes& bytes) {
  return XaesKey::Create(SecretBytes::CopyOf(bytes).value()).value();
}

Bytes Seal(const XaesKey& key, XaesNonce nonce, ByteView aad, ByteView plaintext) {
  Bytes sealed(plaintext.size() + kXaesTagSize);
  EXPECT_OK(key.Seal(nonce, aad, plaintext, sealed));
  return sealed;
}

XaesNonce VectorNonce() {
  static const std::string text = "ABCDEFGHIJKLMNOPQRSTUVWX";
  return AsBytes(text).first<kXaesNonceSize>();
}

// https://c2sp.org/XAES-256-GCM, "Test Vectors": the most significant bit of
// E_K(0) is clear for the first key and set for the second.
TEST(XaesGcmTest, MatchesTheVectorsOfTheSpecification) {
  EXPECT_EQ(ToHex(Seal(MakeKey(Bytes(32, 1)), VectorNonce(), {}, AsBytes("XAES-256-GCM"))),
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  EXPECT_EQ(ToHex(Seal(MakeKey(Bytes(32, 3)), VectorNonce(), AsBytes("c2sp.org/XAES-256-GCM"),
                       AsBytes("XAES-256-GCM"))),
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

}  // namespace
}  // namespace fieldkms
