// The audit trail of a service as calls write to it: watched for what looks suspicious.
#ifndef FIELDKMS_KMS_SERVER_WATCH_START_H_
#define FIELDKMS_KMS_SERVER_WATCH_START_H_

#include <memory>

#include "absl/status/statusor.h"
#include "kms/access/reveal_budget.h"
#include "kms/access/static_access.h"
#include "kms/audit/sealed_trail.h"
#include "kms/server/config.h"
#include "kms/server/webhook.h"
#include "kms/service/replica.h"
#include "kms/watch/watcher.h"

namespace fieldkms {

std::unique_ptr<RevealBudgets> MakeRevealBudgets(const AccessPolicy& access);

// An alarm is a record of the trail, a line of the log, a number among the metrics and a message to
// the webhook. Thread-safe.
class TrailWatch {
 public:
  // What principals do usually is read from the end of the trail, beside what is served. `trail`
  // and `reveals` outlive it. Error: kInvalidArgument, kConfigInvalid, for a webhook that cannot
  // be.
  static absl::StatusOr<std::unique_ptr<TrailWatch>> Start(const WatchConfig& config,
                                                           SealedTrail& trail,
                                                           RevealBudgets& reveals);
  ~TrailWatch();

  // What calls write to: the trail itself, where nothing is to be watched.
  AuditSink& sink();
  WatchCounts Counts() const;
  // Raises what is to be raised, and watches no more. For one thread.
  void Stop();

 private:
  explicit TrailWatch(SealedTrail& trail) : trail_(trail) {}
  void Report(const Alarm& alarm);

  SealedTrail& trail_;
  std::unique_ptr<Webhook> webhook_;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_WATCH_START_H_
