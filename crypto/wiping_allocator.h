// WipingAllocator wipes memory before it is freed: for plaintext in bulk, which
// is too large for the locked slab of SecretBytes. WipedBuffer wipes on
// destruction and on every reallocation.
#ifndef FIELDKMS_CRYPTO_WIPING_ALLOCATOR_H_
#define FIELDKMS_CRYPTO_WIPING_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "crypto/bytes.h"

namespace fieldkms {

template <class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) {}  // NOLINT(google-explicit-constructor)
  T* allocate(size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* p, size_t n) {
    Wipe({reinterpret_cast<uint8_t*>(p), n * sizeof(T)});
    std::allocator<T>().deallocate(p, n);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

// There is no wiping std::string: its short form lives inside the object, where
// no allocator sees it.
using WipedBuffer = std::vector<uint8_t, WipingAllocator<uint8_t>>;

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_WIPING_ALLOCATOR_H_
