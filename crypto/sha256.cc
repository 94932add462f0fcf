#include "crypto/sha256.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status Failed() {
  ERR_clear_error();
  return Error(absl::StatusCode::kInternal, Reason::kCryptoFailure, "SHA-256 failed");
}

}  // namespace

absl::StatusOr<std::array<uint8_t, kSha256Size>> Sha256(ByteView data) {
  std::array<uint8_t, kSha256Size> digest;
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1 ||
      size != digest.size()) {
    return Failed();
  }
  return digest;
}

void Sha256Stream::Free::operator()(evp_md_ctx_st* ctx) const { EVP_MD_CTX_free(ctx); }

Sha256Stream::Sha256Stream() : ctx_(EVP_MD_CTX_new()) {
  if (ctx_ != nullptr && EVP_DigestInit_ex(ctx_.get(), EVP_sha256(), nullptr) != 1) ctx_.reset();
}

absl::Status Sha256Stream::Update(ByteView more) {
  if (ctx_ != nullptr && EVP_DigestUpdate(ctx_.get(), more.data(), more.size()) == 1) {
    return absl::OkStatus();
  }
  ctx_.reset();
  return Failed();
}

absl::StatusOr<std::array<uint8_t, kSha256Size>> Sha256Stream::Finish() {
  std::array<uint8_t, kSha256Size> digest;
  unsigned int size = 0;
  const auto ctx = std::move(ctx_);
  if (ctx == nullptr || EVP_DigestFinal_ex(ctx.get(), digest.data(), &size) != 1 ||
      size != digest.size()) {
    return Failed();
  }
  return digest;
}

}  // namespace fieldkms
