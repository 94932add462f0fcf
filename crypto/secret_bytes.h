// SecretBytes holds key material. Its memory comes from a slab that is locked
// into RAM, excluded from core dumps, wiped on fork and fenced by guard pages;
// it is wiped when freed. There is no stream operator, no comparison operator
// and no conversion: whoever reads a secret says so with Expose(), and one
// search for that word audits every reader.
#ifndef FIELDKMS_CRYPTO_SECRET_BYTES_H_
#define FIELDKMS_CRYPTO_SECRET_BYTES_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"

namespace fieldkms {

// Whether secrets may live in memory that could not be locked (RLIMIT_MEMLOCK).
enum class MemoryLock {
  kRequired,   // Allocation fails with reason kMemoryLock and says what to do.
  kPreferred,  // Falls back to memory that is only dump-excluded and wiped.
};

// SecretMemoryStats: what the process's slab holds, in bytes.
struct SecretMemoryStats {
  size_t reserved = 0;  // mapped for secrets
  size_t locked = 0;    // of these, locked into RAM
  size_t in_use = 0;    // handed out, rounded up to slots
};

// SetMemoryLock sets the process's policy; call it once, before the first
// secret. The default is kPreferred. Returns kResourceExhausted with reason
// kMemoryLock if locking is required and not even the first slab can be locked;
// the message names RLIMIT_MEMLOCK, its value and the remedy.
absl::Status SetMemoryLock(MemoryLock policy);
SecretMemoryStats GetSecretMemoryStats();

// SecretBytes owns 0 to 4,096 bytes. Move-only. A moved-from object is empty.
// Distinct objects may be used from distinct threads at once; one object may be
// read from many.
class SecretBytes {
 public:
  SecretBytes() = default;
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  // Allocate returns `size` zero bytes. Errors: kInvalidArgument above 4,096;
  // kResourceExhausted with reason kMemoryLock (see SetMemoryLock).
  static absl::StatusOr<SecretBytes> Allocate(size_t size);
  // CopyOf returns a copy of `bytes`; the caller wipes the original.
  static absl::StatusOr<SecretBytes> CopyOf(ByteView bytes);
  // Random returns `size` bytes of RAND_priv_bytes.
  static absl::StatusOr<SecretBytes> Random(size_t size);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The bytes, valid until this object is moved from or destroyed.
  ByteView Expose() const { return {data_, size_}; }
  MutableBytes ExposeMutable() { return {data_, size_}; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_SECRET_BYTES_H_
