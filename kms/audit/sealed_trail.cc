#include "kms/audit/sealed_trail.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "crypto/status.h"
#include "kms/audit/audit_wait.h"
#include "kms/audit/trail_files.h"
#include "kms/audit/trail_key.h"
#include "kms/files.h"
#include "kms/observe/json_line.h"

namespace fieldkms {
namespace {

bool IsThere(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

absl::Status WithoutKey(const std::string& path, const std::string& key_path) {
  return TrailDamaged("audit trail " + path +
                      ": it has checkpoints, and the key that signed them, " + key_path +
                      ", is gone; restore it, or set the trail aside with `fieldkms audit "
                      "begin-anew`, which is recorded (docs/audit.md)");
}

// In this order, so that whatever a crash leaves is told from what somebody took away: the first
// checkpoint under a name of its own, the key, and then that checkpoint's name (FinishBeginning).
absl::StatusOr<NoteSigner> Begin(const std::string& path, const std::string& key_path) {
  if (IsThere(CheckpointsPath(path))) return WithoutKey(path, key_path);
  FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles files, ListTrail(path));
  if (!files.segments.empty() || !files.trees.empty()) return WithoutKey(path, key_path);
  // A beginning that was cut short has its first checkpoint still; a log that was there has not.
  if (IsThere(VerifierKeyPath(path)) && !IsThere(CheckpointsPath(path) + ".first")) {
    return WithoutKey(path, key_path);
  }
  FIELDKMS_ASSIGN_OR_RETURN(NewTrailKey key, MakeTrailKey());
  FIELDKMS_ASSIGN_OR_RETURN(RecoveredTrail trail, RecoverTrail(path, key.signer.verifier(), {}));
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash root, trail.tree.Root());
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::string note,
      SignCheckpoint({key.signer.verifier().name(), trail.tree.size(), root}, key.signer));
  FIELDKMS_RETURN_IF_ERROR(ReplaceFile(CheckpointsPath(path) + ".first", note + "\n"));
  FIELDKMS_RETURN_IF_ERROR(
      ReplaceFile(VerifierKeyPath(path), key.signer.verifier().ToString() + "\n"));
  const absl::Status saved = ReplaceFile(key_path, key.line);
  WipeString(&key.line);
  FIELDKMS_RETURN_IF_ERROR(saved);
  return std::move(key.signer);
}

absl::Status FinishBeginning(const std::string& path) {
  const std::string first = CheckpointsPath(path) + ".first";
  if (IsThere(CheckpointsPath(path)) || !IsThere(first)) return absl::OkStatus();
  errno = RenameNew(first, CheckpointsPath(path));
  if (errno != 0) return TrailError(first, "rename");
  errno = SyncDirectoryOf(path);
  return errno == 0 ? absl::OkStatus() : TrailError(path, "fsync of its directory");
}

absl::StatusOr<NoteSigner> OpenKey(const std::string& path, const std::string& key_path) {
  auto signer = LoadTrailKey(key_path);
  if (!signer.ok() && absl::IsNotFound(signer.status())) signer = Begin(path, key_path);
  if (!signer.ok()) return signer.status();
  FIELDKMS_RETURN_IF_ERROR(FinishBeginning(path));
  return signer;
}

std::string TextOf(WallTime time) {
  std::string line;
  JsonLine(&line).Time("t", time);
  const size_t quote = line.find_last_of('"');
  const size_t begin = line.find_last_of('"', quote - 1) + 1;
  return line.substr(begin, quote - begin);
}

}  // namespace

SealedTrail::SealedTrail(std::string path, const Clock& clock, SealedTrailOptions options)
    : path_(std::move(path)), clock_(clock), options_(std::move(options)) {}

SealedTrail::~SealedTrail() {
  audit_.reset();
  sealer_.reset();
  exporter_.reset();
}

absl::StatusOr<std::unique_ptr<SealedTrail>> SealedTrail::Open(const std::string& path,
                                                               const Clock& clock,
                                                               SealedTrailOptions options) {
  std::unique_ptr<SealedTrail> trail(new SealedTrail(path, clock, std::move(options)));
  const SealedTrailOptions& chosen = trail->options_;
  std::vector<std::shared_ptr<CheckpointTarget>> targets = chosen.exports.also;
  if (!chosen.exports.directory.empty()) {
    targets.push_back(DirectoryTarget(chosen.exports.directory));
  }
  trail->exporter_ = std::make_unique<CheckpointExporter>(chosen.exports, std::move(targets));

  FIELDKMS_ASSIGN_OR_RETURN(NoteSigner signer, OpenKey(path, chosen.key_path));
  FIELDKMS_ASSIGN_OR_RETURN(CheckpointLog log,
                            CheckpointLog::Open(CheckpointsPath(path), signer.verifier()));
  std::vector<Checkpoint> known{log.last().checkpoint};
  if (!chosen.exports.directory.empty()) {
    const auto anchor = LastAnchor(chosen.exports.directory, signer.verifier());
    if (!anchor.ok() && ReasonOf(anchor.status()) == Reason::kStoreCorrupt) return anchor.status();
    if (!anchor.ok() && chosen.exports.on_change) chosen.exports.on_change(anchor.status());
    if (anchor.ok() && anchor->has_value()) {
      known.push_back((*anchor)->checkpoint);
      if (chosen.exports.also.empty()) {  // else the others may not have it
        trail->exporter_->AlreadyExported((*anchor)->checkpoint.size);
      }
    }
  }
  // A trail that is refused is left as it is: looked at first, and only then opened to be written.
  FIELDKMS_ASSIGN_OR_RETURN(RecoveredTrail found, RecoverTrail(path, signer.verifier(), known));
  const bool torn = found.torn;
  std::string tail;
  FIELDKMS_ASSIGN_OR_RETURN(auto file, OpenAuditFile(path, &tail));
  if (torn) {
    FIELDKMS_RETURN_IF_ERROR(file->Write("\n"));
    FIELDKMS_ASSIGN_OR_RETURN(found, RecoverTrail(path, signer.verifier(), std::move(known)));
  }
  const uint64_t next_seq = found.tree.facts().max_seq + 1;

  SealerOptions sealing{path,
                        chosen.segment_bytes,
                        chosen.segment_age,
                        chosen.checkpoint_records,
                        chosen.checkpoint_age,
                        [exporter = trail->exporter_.get()](const SignedCheckpoint& checkpoint) {
                          exporter->Offer(checkpoint);
                        }};
  trail->exporter_->Offer(log.last());
  trail->sealer_ = std::make_unique<TrailSealer>(std::move(sealing), std::move(signer),
                                                 std::move(log), std::move(found));
  trail->audit_ = JsonlAudit::Over(std::move(file), next_seq, clock,
                                   {chosen.durability, trail->sealer_.get(), chosen.on_failure});
  AuditRecord start;
  start.kind = AuditKind::kStart;
  if (torn) start.reason = "TORN_LINE_ENDED";
  FIELDKMS_RETURN_IF_ERROR(AppendAndWait(*trail, start));
  return trail;
}

void SealedTrail::Append(const AuditRecord& record, AuditWaiter* waiter) {
  audit_->Append(record, waiter);
}

absl::Status SealedTrail::ApplyRetention() {
  const ExportHealth exports = exporter_->Health();
  if (options_.retention.count() == 0 || !exports.wanted) return absl::OkStatus();
  const std::string before = TextOf(clock_.Now() - options_.retention);
  const TrailView view = sealer_->View();
  uint64_t end = 0;
  for (const EndedSegment& segment : view.segments) {
    const std::string& last = segment.facts.last_time;
    if (last.empty() || last >= before || segment.end > exports.exported_size) break;
    end = segment.end;
  }
  if (end == 0) return absl::OkStatus();
  AuditRecord dropped;
  dropped.kind = AuditKind::kDropped;
  dropped.first_record = view.segments.front().first;
  dropped.end_record = end;
  FIELDKMS_RETURN_IF_ERROR(AppendAndWait(*audit_, dropped));
  for (const EndedSegment& segment : view.segments) {
    const std::string path = SegmentPath(path_, segment.first);
    if (segment.end <= end && unlink(path.c_str()) != 0 && errno != ENOENT) {
      return TrailError(path, "unlink");
    }
  }
  sealer_->Dropped(end);
  errno = SyncDirectoryOf(path_);
  return errno == 0 ? absl::OkStatus() : TrailError(path_, "fsync of its directory");
}

}  // namespace fieldkms
