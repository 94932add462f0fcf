// The accumulated test vectors of https://c2sp.org/XAES-256-GCM: random inputs
// out of SHAKE-128 of nothing, and SHAKE-128 of all ciphertexts.
#ifndef FIELDKMS_TESTS_SUPPORT_XAES_ACCUMULATED_H_
#define FIELDKMS_TESTS_SUPPORT_XAES_ACCUMULATED_H_

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/xaes_gcm.h"
#include "tests/support/hex.h"

namespace fieldkms {

class Shake128 {
 public:
  Shake128() : ctx_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    Check(EVP_DigestInit_ex(ctx_.get(), EVP_shake128(), nullptr));
  }
  void Absorb(ByteView bytes) { Check(EVP_DigestUpdate(ctx_.get(), bytes.data(), bytes.size())); }
  // Once only: OpenSSL 3.0 does not squeeze in pieces.
  std::vector<uint8_t> Squeeze(size_t size) {
    std::vector<uint8_t> out(size);
    Check(EVP_DigestFinalXOF(ctx_.get(), out.data(), out.size()));
    return out;
  }

 private:
  static void Check(int result) {
    if (result != 1) throw std::runtime_error("SHAKE-128 failed");
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> ctx_;
};

// XaesAccumulated returns the hash, in hex, after `rounds`. Each round is sealed
// and opened. Throws on any failure. Takes 330 bytes of memory a round.
inline std::string XaesAccumulated(size_t rounds) {
  // A round draws 313 bytes on average; 8 deviations of slack at any number.
  const std::vector<uint8_t> stream = Shake128().Squeeze(rounds * 320 + 100'000);
  ByteView rest = stream;
  const auto take = [&rest](size_t size) {
    if (size > rest.size()) throw std::runtime_error("the stream is too short");
    const ByteView taken = rest.first(size);
    rest = rest.subspan(size);
    return taken;
  };
  Shake128 hash;
  for (size_t i = 0; i < rounds; ++i) {
    const XaesKey key = XaesKey::Create(SecretBytes::CopyOf(take(32)).value()).value();
    const XaesNonce nonce = take(24).first<kXaesNonceSize>();
    const ByteView plaintext = take(take(1)[0]);
    const ByteView aad = take(take(1)[0]);
    std::vector<uint8_t> sealed(plaintext.size() + kXaesTagSize);
    std::vector<uint8_t> opened(plaintext.size());
    if (!key.Seal(nonce, aad, plaintext, sealed).ok() ||
        !key.Open(nonce, aad, sealed, opened).ok() || AsText(opened) != AsText(plaintext)) {
      throw std::runtime_error("a round failed");
    }
    hash.Absorb(sealed);
  }
  return ToHex(hash.Squeeze(32));
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_SUPPORT_XAES_ACCUMULATED_H_
