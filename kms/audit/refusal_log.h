// RefusalLog writes refusals to the audit trail, one record each, until one caller
// makes them by the thousand: then it counts, so that nobody can fill the disk or
// bury a record by being refused.
#ifndef FIELDKMS_KMS_AUDIT_REFUSAL_LOG_H_
#define FIELDKMS_KMS_AUDIT_REFUSAL_LOG_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "kms/access/token_bucket.h"
#include "kms/audit/audit_sink.h"
#include "kms/clock.h"

namespace fieldkms {

// Thread-safe.
class RefusalLog {
 public:
  // `rate`: refusals of one uid that are written one by one. `sink` and `clock`
  // must outlive it.
  RefusalLog(AuditSink& sink, const Clock& clock, Rate rate);

  // Append writes the refusal, or counts it, in which case `waiter` is told at once.
  void Append(const AuditRecord& refusal, AuditWaiter* waiter);

  // Flush writes a kFlood record for each uid that has refusals counted. To be
  // called every few seconds, and before the sink ends.
  void Flush();

 private:
  struct Caller {
    TokenBucket bucket;
    uint32_t counted = 0;
    Peer peer;
  };
  // Callers told apart at most; the others are counted together.
  static constexpr size_t kMaxCallers = 1024;

  Caller& CallerOf(const Peer& peer);
  // Whether this refusal is to be counted only.
  bool Count(const Peer& peer);

  AuditSink& sink_;
  const Clock& clock_;
  const Rate rate_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, Caller> callers_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_REFUSAL_LOG_H_
