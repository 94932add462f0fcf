// A whole backup file: header, recipients, records.
#ifndef FIELDKMS_KMS_BACKUP_BACKUP_FILE_H_
#define FIELDKMS_KMS_BACKUP_BACKUP_FILE_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "crypto/sha256.h"
#include "kms/backup/backup_format.h"
#include "kms/backup/backup_records.h"

namespace fieldkms {

// Who may open a backup: each of them can, alone. At least one, kMaxRecipients at most.
struct BackupRecipients {
  std::vector<std::string> recovery_keys;  // public, RSA of 4,096 bits, PEM
  std::vector<SecretBytes> passphrases;
};

// What opens one: either is enough.
struct BackupSecrets {
  SecretBytes recovery_key;  // private, PKCS#8 DER; empty: none
  SecretBytes passphrase;    // empty: none
};

// SHA-256 of a whole file. A recovery key is public, so that anybody can write a backup that
// opens by it: who keeps the digest of one knows it again.
using BackupDigest = std::array<uint8_t, kSha256Size>;

// What passes through one is added to `digest`, which outlives it.
ByteSource DigestingSource(ByteSource source, Sha256Stream* digest);
ByteSink DigestingSink(ByteSink sink, Sha256Stream* digest);

// Writes a backup. Not thread-safe.
class BackupWriter {
 public:
  // Start writes the header. Errors: InvalidField("recipients") for none or too many; those
  // of WrapForImport; those of the sink.
  static absl::StatusOr<std::unique_ptr<BackupWriter>> Start(const BackupRecipients& recipients,
                                                             WallTime now, ByteSink sink);
  RecordWriter& records() { return records_; }
  // Finish ends the records, and the file.
  absl::StatusOr<BackupSummary> Finish(uint64_t change);

 private:
  BackupWriter(const SecretBytes& chunk_key, ByteSink sink)
      : chunks_(chunk_key, std::move(sink)), records_(&chunks_) {}

  ChunkWriter chunks_;
  RecordWriter records_;
};

// UnlockBackup reads a file up to its first chunk, and returns what its chunks are sealed
// with. Errors: those of ReadBackupHeader; BackupLocked().
absl::StatusOr<SecretBytes> UnlockBackup(const ByteSource& source, const BackupSecrets& secrets,
                                         BackupHeader* header);

// ReadBackup reads a whole file. Whatever a visitor was told counts only if it returns OK.
absl::StatusOr<BackupSummary> ReadBackup(const ByteSource& source, const BackupSecrets& secrets,
                                         const RecordVisitor& visitor);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_BACKUP_FILE_H_
