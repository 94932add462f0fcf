// SealedTrail: the audit trail of a service: lines with group commit (jsonl_audit.h) in segments,
// and signed checkpoints over them, so that nobody changes it unnoticed. docs/audit.md is its
// manual.
#ifndef FIELDKMS_KMS_AUDIT_SEALED_TRAIL_H_
#define FIELDKMS_KMS_AUDIT_SEALED_TRAIL_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/audit/audit_sink.h"
#include "kms/audit/checkpoint_export.h"
#include "kms/audit/jsonl_audit.h"
#include "kms/audit/trail_sealer.h"
#include "kms/clock.h"

namespace fieldkms {

struct SealedTrailOptions {
  std::string key_path;  // of the signing key; made where there is none
  AuditDurability durability = AuditDurability::kFsync;
  std::function<void(const absl::Status&)> on_failure;  // as JsonlAuditOptions
  uint64_t segment_bytes = uint64_t{64} << 20;
  std::chrono::seconds segment_age{std::chrono::hours(24)};
  uint64_t checkpoint_records = 65'536;
  std::chrono::milliseconds checkpoint_age{60'000};
  ExportOptions exports;
  // Segments whose records are all older leave, once a checkpoint above them was exported to every
  // target; 0: none ever does.
  std::chrono::seconds retention{0};
};

// Thread-safe.
class SealedTrail final : public AuditSink {
 public:
  // Continues the trail at `path`, or begins it. A file that is there and has no key yet is taken
  // over as the first segment. Errors: kUnavailable, kAuditUnavailable; kDataLoss, kStoreCorrupt,
  // for a trail that is not what its checkpoints say (trail_recovery.h).
  static absl::StatusOr<std::unique_ptr<SealedTrail>> Open(const std::string& path,
                                                           const Clock& clock,
                                                           SealedTrailOptions options);
  // Commits what is pending, signs it and exports that. No Append may follow.
  ~SealedTrail() override;

  void Append(const AuditRecord& record, AuditWaiter* waiter) override;

  const std::string& path() const { return path_; }
  const NoteVerifier& verifier() const { return sealer_->verifier(); }
  TrailView View() const { return sealer_->View(); }
  ExportHealth Exports() const { return exporter_->Health(); }

  // Drops what is to leave by now, after a record of that. Blocks. For somebody to call now and
  // then, one at a time. Errors: kUnavailable, kAuditUnavailable.
  absl::Status ApplyRetention();

 private:
  SealedTrail(std::string path, const Clock& clock, SealedTrailOptions options);

  const std::string path_;
  const Clock& clock_;
  const SealedTrailOptions options_;
  std::unique_ptr<CheckpointExporter> exporter_;
  std::unique_ptr<TrailSealer> sealer_;
  std::unique_ptr<JsonlAudit> audit_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_SEALED_TRAIL_H_
