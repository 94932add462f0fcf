#include "crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

namespace fieldkms {

bool StartHmac(EVP_MAC_CTX* ctx, ByteView key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_init(ctx, key.data(), key.size(), params) == 1;
}

bool RestartHmac(EVP_MAC_CTX* ctx) { return EVP_MAC_init(ctx, nullptr, 0, nullptr) == 1; }

bool FinishHmac(EVP_MAC_CTX* ctx, std::initializer_list<ByteView> parts,
                std::span<uint8_t, kHmacSize> out) {
  for (const ByteView part : parts) {
    if (!part.empty() && EVP_MAC_update(ctx, part.data(), part.size()) != 1) return false;
  }
  size_t written = 0;
  return EVP_MAC_final(ctx, out.data(), &written, out.size()) == 1 && written == out.size();
}

namespace {

constexpr size_t kBlockSize = 64;
constexpr uint8_t kInnerPad = 0x36, kOuterPad = 0x5c;

bool Update(EVP_MD_CTX* ctx, ByteView bytes) {
  return bytes.empty() || EVP_DigestUpdate(ctx, bytes.data(), bytes.size()) == 1;
}

bool Finish(EVP_MD_CTX* ctx, std::span<uint8_t, kHmacSize> out) {
  unsigned written = 0;
  return EVP_DigestFinal_ex(ctx, out.data(), &written) == 1 && written == out.size();
}

// Starts a digest with the key's block, each byte of it changed by `pad`.
bool Start(EvpMdCtx& ctx, std::span<const uint8_t, kBlockSize> block, uint8_t pad) {
  if (ctx == nullptr) ctx.reset(EVP_MD_CTX_new());
  std::array<uint8_t, kBlockSize> padded;
  for (size_t i = 0; i < kBlockSize; ++i) padded[i] = block[i] ^ pad;
  const bool ok = ctx != nullptr && EVP_DigestInit_ex2(ctx.get(), Sha256Digest(), nullptr) == 1 &&
                  Update(ctx.get(), padded);
  Wipe(padded);
  return ok;
}

}  // namespace

bool KeyedHmac::SetKey(ByteView key) {
  std::array<uint8_t, kBlockSize> block = {};
  bool ok = true;
  if (key.size() > kBlockSize) {
    unsigned written = 0;
    ok = EVP_Digest(key.data(), key.size(), block.data(), &written, Sha256Digest(), nullptr) == 1;
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  ok = ok && Start(inner_, block, kInnerPad) && Start(outer_, block, kOuterPad);
  Wipe(block);
  return ok;
}

bool KeyedHmac::Compute(EVP_MD_CTX* working, std::initializer_list<ByteView> parts,
                        std::span<uint8_t, kHmacSize> out) const {
  if (EVP_MD_CTX_copy_ex(working, inner_.get()) != 1) return false;
  for (const ByteView part : parts) {
    if (!Update(working, part)) return false;
  }
  std::array<uint8_t, kHmacSize> digest;
  const bool ok = Finish(working, digest) && EVP_MD_CTX_copy_ex(working, outer_.get()) == 1 &&
                  Update(working, digest) && Finish(working, out);
  Wipe(digest);
  return ok;
}

}  // namespace fieldkms
