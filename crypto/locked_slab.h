// LockedSlab hands out small pieces of memory for secrets, from regions that
// are locked into RAM, excluded from core dumps, zeroed in the child of a fork,
// and fenced by guard pages. Internal to crypto/: SecretBytes is its only user.
//
// Why not OpenSSL's secure heap: it is one global lock held while it searches,
// its size is fixed at the start, and OpenSSL's own DRBG competes for it.
#ifndef FIELDKMS_CRYPTO_LOCKED_SLAB_H_
#define FIELDKMS_CRYPTO_LOCKED_SLAB_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// Thread-safe. A slab never gives memory back to the system; the process's slab
// is never destroyed, so that secrets in static objects may be freed at exit.
class LockedSlab {
 public:
  static constexpr size_t kMaxSize = 4096;

  // The process's slab.
  static LockedSlab& Process();

  LockedSlab() = default;
  ~LockedSlab();
  LockedSlab(const LockedSlab&) = delete;
  LockedSlab& operator=(const LockedSlab&) = delete;

  // See fieldkms::SetMemoryLock.
  absl::Status SetPolicy(MemoryLock policy);

  // Allocate returns `size` zero bytes, 1 to kMaxSize. Errors: see SecretBytes.
  absl::StatusOr<uint8_t*> Allocate(size_t size);

  // Free wipes a piece and takes it back. `size` is the size allocated.
  void Free(uint8_t* piece, size_t size);

  SecretMemoryStats Stats();

  // For pthread_atfork: nobody holds the mutex across the fork, and the child
  // locks its copies of the regions (memory locks are not inherited).
  void BeforeFork() { mutex_.lock(); }
  void AfterForkInParent() { mutex_.unlock(); }
  void AfterForkInChild();

 private:
  struct Region {
    uint8_t* data;
    size_t size;
    bool locked;
  };

  absl::Status Refill(size_t size_class);
  absl::Status Grow();
  absl::Status LockAll();
  void AddRegion(const Region& region);

  // Bookkeeping lives outside the regions: those are zeroed in a child.
  std::mutex mutex_;
  MemoryLock policy_ = MemoryLock::kPreferred;
  std::vector<Region> regions_;
  std::vector<uint8_t*> free_pages_;
  std::array<std::vector<uint8_t*>, 8> free_pieces_;  // by size class
  std::array<size_t, 8> piece_count_ = {};            // free or not, by size class
  SecretMemoryStats stats_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_LOCKED_SLAB_H_
