// RecordQueue: records on their way to who watches them. Bounded in bytes: who puts never waits.
#ifndef FIELDKMS_KMS_WATCH_RECORD_QUEUE_H_
#define FIELDKMS_KMS_WATCH_RECORD_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "kms/audit/audit_sink.h"
#include "kms/clock.h"

namespace fieldkms {

// Put is thread-safe; one thread takes.
class RecordQueue {
 public:
  explicit RecordQueue(size_t most_bytes) : most_bytes_(most_bytes) {}

  // Copies what is watched of a record, or counts it as dropped where there is no room. Whether the
  // queue was empty: who takes may be asleep.
  bool Put(const AuditRecord& record, WallTime time);

  // Takes all there is and gives it to `each`, in its order. The record's views live for the call.
  using Each = std::function<void(const AuditRecord& record, WallTime time)>;
  void TakeAll(const Each& each);

  bool Empty() const;
  uint64_t Dropped() const;

 private:
  const size_t most_bytes_;
  mutable std::mutex mutex_;
  std::string pending_;   // under mutex_
  uint64_t dropped_ = 0;  // likewise
  std::string taken_;     // of who takes; the two keep their memory
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_RECORD_QUEUE_H_
