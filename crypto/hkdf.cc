#include "crypto/hkdf.h"

#include <algorithm>
#include <array>

#include "crypto/hmac.h"
#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxBlocks = 255;

using HashBlock = std::array<uint8_t, kHmacSize>;

// Expand fills `out` from T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i), RFC 5869 §2.3.
bool Expand(EVP_MAC_CTX* ctx, ByteView info, HashBlock* block, MutableBytes out) {
  ByteView previous;
  for (uint8_t counter = 1; !out.empty(); ++counter) {
    if (counter > 1 && !RestartHmac(ctx)) return false;
    if (!FinishHmac(ctx, {previous, info, {&counter, 1}}, *block)) return false;
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
  if (out.empty() || out.size() > kMaxBlocks * kHmacSize) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal,
                 "HKDF-SHA256 makes 1 to 8,160 bytes");
  }
  const HashBlock no_salt = {};
  HashBlock prk;
  HashBlock block;
  EvpMacCtx ctx(EVP_MAC_CTX_new(Hmac()));
  const bool done = ctx != nullptr &&
                    StartHmac(ctx.get(), salt.empty() ? ByteView(no_salt) : salt) &&
                    FinishHmac(ctx.get(), {ikm}, prk) && StartHmac(ctx.get(), prk) &&
                    Expand(ctx.get(), info, &block, out);
  Wipe(prk);
  Wipe(block);
  if (done) return absl::OkStatus();
  Wipe(out);
  return CryptoFailure("HKDF-SHA256");
}

}  // namespace fieldkms
