#include "kms/backup/backup_file.h"

#include <utility>

#include "crypto/key_import.h"
#include "crypto/passphrase_seal.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::StatusOr<BackupHeader> MakeHeader(const BackupRecipients& recipients,
                                        const SecretBytes& backup_key, WallTime now) {
  const size_t count = recipients.recovery_keys.size() + recipients.passphrases.size();
  if (count == 0 || count > kMaxRecipients) {
    return InvalidField("recipients", "must be a recovery key or a passphrase, and 16 at most");
  }
  BackupHeader header;
  header.create_time = now;
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(header.file_id));
  for (const std::string& pem : recipients.recovery_keys) {
    Recipient recipient;
    recipient.kind = RecipientKind::kRecoveryKey;
    FIELDKMS_ASSIGN_OR_RETURN(recipient.wrapped, WrapForImport(pem, backup_key));
    FIELDKMS_ASSIGN_OR_RETURN(recipient.fingerprint, PublicKeyFingerprint(pem));
    header.recipients.push_back(std::move(recipient));
  }
  for (const SecretBytes& passphrase : recipients.passphrases) {
    Recipient recipient;
    recipient.kind = RecipientKind::kPassphrase;
    FIELDKMS_ASSIGN_OR_RETURN(
        recipient.wrapped, SealUnderPassphrase(passphrase, PassphraseBinding(header), backup_key));
    header.recipients.push_back(std::move(recipient));
  }
  return header;
}

// The backup key by one recipient; KeyUnwrapFailed() where the secrets are not its.
absl::StatusOr<SecretBytes> TryRecipient(const BackupHeader& header, const Recipient& recipient,
                                         const BackupSecrets& secrets) {
  if (recipient.kind == RecipientKind::kPassphrase && !secrets.passphrase.empty()) {
    return OpenUnderPassphrase(secrets.passphrase, PassphraseBinding(header),
                               AsBytes(recipient.wrapped));
  }
  if (recipient.kind == RecipientKind::kRecoveryKey && !secrets.recovery_key.empty()) {
    return UnwrapImported(secrets.recovery_key, AsBytes(recipient.wrapped));
  }
  return BackupLocked();
}

}  // namespace

ByteSource DigestingSource(ByteSource source, Sha256Stream* digest) {
  return [source = std::move(source), digest](MutableBytes out) -> absl::StatusOr<size_t> {
    FIELDKMS_ASSIGN_OR_RETURN(const size_t size, source(out));
    FIELDKMS_RETURN_IF_ERROR(digest->Update(out.first(size)));
    return size;
  };
}

ByteSink DigestingSink(ByteSink sink, Sha256Stream* digest) {
  return [sink = std::move(sink), digest](ByteView bytes) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(digest->Update(bytes));
    return sink(bytes);
  };
}

absl::StatusOr<std::unique_ptr<BackupWriter>> BackupWriter::Start(
    const BackupRecipients& recipients, WallTime now, ByteSink sink) {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes backup_key, SecretBytes::Random(kBackupKeySize));
  FIELDKMS_ASSIGN_OR_RETURN(const BackupHeader header, MakeHeader(recipients, backup_key, now));
  const std::string raw = FormatBackupHeader(header);
  FIELDKMS_ASSIGN_OR_RETURN(const BackupKeys keys, DeriveBackupKeys(backup_key, AsBytes(raw)));
  FIELDKMS_RETURN_IF_ERROR(sink(AsBytes(raw)));
  FIELDKMS_RETURN_IF_ERROR(sink(keys.commitment));
  return std::unique_ptr<BackupWriter>(new BackupWriter(keys.chunk_key, std::move(sink)));
}

absl::StatusOr<BackupSummary> BackupWriter::Finish(uint64_t change) {
  FIELDKMS_ASSIGN_OR_RETURN(const BackupSummary summary, records_.End(change));
  FIELDKMS_RETURN_IF_ERROR(chunks_.Finish());
  return summary;
}

absl::StatusOr<SecretBytes> UnlockBackup(const ByteSource& source, const BackupSecrets& secrets,
                                         BackupHeader* header) {
  std::string raw;
  FIELDKMS_ASSIGN_OR_RETURN(*header, ReadBackupHeader(source, &raw));
  std::array<uint8_t, 32> commitment;
  FIELDKMS_RETURN_IF_ERROR(ReadExactly(source, commitment));
  for (const Recipient& recipient : header->recipients) {
    const absl::StatusOr<SecretBytes> backup_key = TryRecipient(*header, recipient, secrets);
    const Reason reason = ReasonOf(backup_key.status());
    if (reason == Reason::kKeyUnwrapFailed || reason == Reason::kInvalidField) continue;
    FIELDKMS_RETURN_IF_ERROR(backup_key.status());
    FIELDKMS_ASSIGN_OR_RETURN(BackupKeys keys, DeriveBackupKeys(*backup_key, AsBytes(raw)));
    if (ConstantTimeEqual(keys.commitment, commitment)) return std::move(keys.chunk_key);
  }
  return BackupLocked();
}

absl::StatusOr<BackupSummary> ReadBackup(const ByteSource& source, const BackupSecrets& secrets,
                                         const RecordVisitor& visitor) {
  BackupHeader header;
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes chunk_key, UnlockBackup(source, secrets, &header));
  ChunkReader chunks(chunk_key, source);
  return ReadRecords(chunks, visitor);
}

}  // namespace fieldkms
