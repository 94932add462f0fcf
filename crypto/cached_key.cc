#include "crypto/cached_key.h"

#include <algorithm>
#include <atomic>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint8_t kAlive = 1;

}  // namespace

uint64_t NextKeyId() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

absl::StatusOr<CachedKey> CachedKey::Create(SecretBytes key) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes material, SecretBytes::Allocate(1 + key.size()));
  const MutableBytes bytes = material.ExposeMutable();
  bytes[0] = kAlive;
  std::copy(key.Expose().begin(), key.Expose().end(), bytes.begin() + 1);
  return CachedKey(std::move(material), NextKeyId());
}

absl::StatusOr<ByteView> CachedKey::Expose() const {
  if (material_.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kInternal,
                 "the key was moved away");
  }
  const ByteView material = material_.Expose();
  // The slab is zeroed in the child of a fork.
  if (material[0] != kAlive) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure,
                 "the key was wiped by a fork of the process");
  }
  return material.subspan(1);
}

}  // namespace fieldkms
