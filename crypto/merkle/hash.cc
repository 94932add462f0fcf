#include "crypto/merkle/hash.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint8_t kLeafPrefix = 0;
constexpr uint8_t kNodePrefix = 1;

bool Update(EVP_MD_CTX* ctx, ByteView bytes) {
  return bytes.empty() || EVP_DigestUpdate(ctx, bytes.data(), bytes.size()) == 1;
}

}  // namespace

void MerkleHasher::Free::operator()(evp_md_ctx_st* ctx) const { EVP_MD_CTX_free(ctx); }

MerkleHasher::MerkleHasher() : ctx_(EVP_MD_CTX_new()), failed_(ctx_ == nullptr) {}

MerkleHash MerkleHasher::Hash(uint8_t prefix, ByteView first, ByteView second) {
  MerkleHash hash{};
  unsigned size = 0;
  EVP_MD_CTX* const ctx = ctx_.get();
  const bool ok = !failed_ && EVP_DigestInit_ex2(ctx, Sha256Digest(), nullptr) == 1 &&
                  Update(ctx, {&prefix, 1}) && Update(ctx, first) && Update(ctx, second) &&
                  EVP_DigestFinal_ex(ctx, hash.data(), &size) == 1 && size == hash.size();
  if (!ok) failed_ = true;
  return hash;
}

MerkleHash MerkleHasher::Leaf(ByteView data) { return Hash(kLeafPrefix, data, {}); }

MerkleHash MerkleHasher::Node(const MerkleHash& left, const MerkleHash& right) {
  return Hash(kNodePrefix, left, right);
}

absl::Status MerkleHasher::status() const {
  if (!failed_) return absl::OkStatus();
  ERR_clear_error();
  return Error(absl::StatusCode::kInternal, Reason::kCryptoFailure, "SHA-256 failed");
}

const MerkleHash& EmptyMerkleRoot() {
  static constexpr MerkleHash kEmpty = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
                                        0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
                                        0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
                                        0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
  return kEmpty;
}

}  // namespace fieldkms
