#include "crypto/secret_bytes.h"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "crypto/locked_slab.h"
#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {

absl::Status SetMemoryLock(MemoryLock policy) { return LockedSlab::Process().SetPolicy(policy); }

SecretMemoryStats GetSecretMemoryStats() { return LockedSlab::Process().Stats(); }

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  // By way of a temporary, so that what this object held is wiped now, and
  // self-assignment keeps it.
  SecretBytes moved(std::move(other));
  std::swap(data_, moved.data_);
  std::swap(size_, moved.size_);
  return *this;
}

SecretBytes::~SecretBytes() {
  if (data_ != nullptr) LockedSlab::Process().Free(data_, size_);
}

absl::StatusOr<SecretBytes> SecretBytes::Allocate(size_t size) {
  SecretBytes secret;
  if (size == 0) return secret;
  FIELDKMS_ASSIGN_OR_RETURN(secret.data_, LockedSlab::Process().Allocate(size));
  secret.size_ = size;
  return secret;
}

absl::StatusOr<SecretBytes> SecretBytes::CopyOf(ByteView bytes) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, Allocate(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), secret.data_);
  return secret;
}

absl::StatusOr<SecretBytes> SecretBytes::Random(size_t size) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, Allocate(size));
  if (size > 0 && RAND_priv_bytes(secret.data_, static_cast<int>(size)) != 1) {
    return CryptoFailure("RAND_priv_bytes");
  }
  return secret;
}

}  // namespace fieldkms
