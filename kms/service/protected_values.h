// Messages of a thread to answer with, used before: in the `oneof` of a result, Clear() frees what
// it had, and each value of a batch would ask for seven pieces of memory again.
#ifndef FIELDKMS_KMS_SERVICE_PROTECTED_VALUES_H_
#define FIELDKMS_KMS_SERVICE_PROTECTED_VALUES_H_

#include <memory>
#include <utility>
#include <vector>

#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

// Not for two threads at a time. What it keeps is cleared: ciphertexts, indexes and masks, no
// plaintext, were in it.
class ProtectedValues {
 public:
  static ProtectedValues& OfThread() {
    thread_local ProtectedValues values;
    return values;
  }

  // A cleared message, which the caller owns.
  std::unique_ptr<v1::ProtectedValue> Take() {
    if (spare_.empty()) return std::make_unique<v1::ProtectedValue>();
    std::unique_ptr<v1::ProtectedValue> value = std::move(spare_.back());
    spare_.pop_back();
    return value;
  }

  // Keeps a message, unless there are many or it is large.
  void Give(std::unique_ptr<v1::ProtectedValue> value) {
    if (spare_.size() >= kMost || RoomOf(*value) > kMostBytes) return;
    value->Clear();
    spare_.push_back(std::move(value));
  }

  size_t size() const { return spare_.size(); }

  static constexpr size_t kMost = 8'192;      // of a thread: 4 MiB, where they are as large as most
  static constexpr size_t kMostBytes = 1024;  // in the strings of one

 private:
  static size_t RoomOf(const v1::ProtectedValue& value) {
    return value.ciphertext().capacity() + value.document().capacity() + value.mask().capacity() +
           value.blind_index().capacity();
  }

  std::vector<std::unique_ptr<v1::ProtectedValue>> spare_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_PROTECTED_VALUES_H_
