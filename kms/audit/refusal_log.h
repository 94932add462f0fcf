// RefusalLog writes refusals to the audit trail, one record each, until one caller
// makes them by the thousand: then it counts, so that nobody can fill the disk or
// bury a record by being refused.
#ifndef FIELDKMS_KMS_AUDIT_REFUSAL_LOG_H_
#define FIELDKMS_KMS_AUDIT_REFUSAL_LOG_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "kms/access/token_bucket.h"
#include "kms/audit/audit_sink.h"
#include "kms/clock.h"

namespace fieldkms {

// Thread-safe.
class RefusalLog {
 public:
  // `rate`: refusals of one caller, a uid or an address of the network without its port, that are
  // written one by one. `sink` and `clock`
  // must outlive it.
  RefusalLog(AuditSink& sink, const Clock& clock, Rate rate);

  // Append writes the refusal, or counts it, in which case `waiter` is told at once.
  void Append(const AuditRecord& refusal, AuditWaiter* waiter);

  // Flush writes a kFlood record for each caller that has refusals counted. To be
  // called every few seconds, and before the sink ends.
  void Flush();

 private:
  struct Caller {
    TokenBucket bucket;
    uint32_t counted = 0;
    Peer peer;
    std::string address;  // the last one's
  };
  // Callers told apart at most, of users and of addresses each; the others are counted together.
  static constexpr size_t kMaxCallers = 512;

  Caller& CallerOf(const AuditRecord& refusal);
  // Whether this refusal is to be counted only.
  bool Count(const AuditRecord& refusal);

  AuditSink& sink_;
  const Clock& clock_;
  const Rate rate_;
  std::mutex mutex_;
  std::unordered_map<std::string, Caller> callers_;
  size_t users_ = 0, addresses_ = 0;  // of callers_
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_REFUSAL_LOG_H_
