#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kHashSize = 32;
constexpr size_t kMaxBlocks = 255;

using HashBlock = std::array<uint8_t, kHashSize>;

// Key starts HMAC-SHA256 under `key`, which is not empty.
bool Key(EVP_MAC_CTX* ctx, ByteView key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_init(ctx, key.data(), key.size(), params) == 1;
}

// Restart starts another HMAC under the same key.
bool Restart(EVP_MAC_CTX* ctx) { return EVP_MAC_init(ctx, nullptr, 0, nullptr) == 1; }

bool Finish(EVP_MAC_CTX* ctx, std::initializer_list<ByteView> parts, HashBlock* out) {
  for (const ByteView part : parts) {
    if (!part.empty() && EVP_MAC_update(ctx, part.data(), part.size()) != 1) return false;
  }
  size_t written = 0;
  return EVP_MAC_final(ctx, out->data(), &written, out->size()) == 1 && written == out->size();
}

// Expand fills `out` from T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i), RFC 5869 §2.3.
bool Expand(EVP_MAC_CTX* ctx, ByteView info, HashBlock* block, MutableBytes out) {
  ByteView previous;
  for (uint8_t counter = 1; !out.empty(); ++counter) {
    if (counter > 1 && !Restart(ctx)) return false;
    if (!Finish(ctx, {previous, info, {&counter, 1}}, block)) return false;
    const size_t size = std::min(out.size(), block->size());
    std::copy_n(block->begin(), size, out.begin());
    out = out.subspan(size);
    previous = *block;
  }
  return true;
}

}  // namespace

// Built on HMAC: OpenSSL's own HKDF limits the length of `info`.
absl::Status HkdfSha256(ByteView ikm, ByteView salt, ByteView info, MutableBytes out) {
  if (out.empty() || out.size() > kMaxBlocks * kHashSize) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal,
                 "HKDF-SHA256 makes 1 to 8,160 bytes");
  }
  const HashBlock no_salt = {};
  HashBlock prk;
  HashBlock block;
  EvpMacCtx ctx(EVP_MAC_CTX_new(Hmac()));
  const bool done = ctx != nullptr && Key(ctx.get(), salt.empty() ? ByteView(no_salt) : salt) &&
                    Finish(ctx.get(), {ikm}, &prk) && Key(ctx.get(), prk) &&
                    Expand(ctx.get(), info, &block, out);
  Wipe(prk);
  Wipe(block);
  if (done) return absl::OkStatus();
  Wipe(out);
  return CryptoFailure("HKDF-SHA256");
}

}  // namespace fieldkms
