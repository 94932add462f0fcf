#include "kms/backup/backup_format.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "crypto/hkdf.h"
#include "crypto/key_import.h"
#include "crypto/passphrase_seal.h"
#include "crypto/sha256.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kMagic = "FKBACKUP";
constexpr size_t kPrefixSize = kMagic.size() + 2 + 4;
constexpr size_t kMaxHeader = size_t{16} << 10;
constexpr size_t kFingerprintSize = 32;
constexpr size_t kSealedSize = kBackupKeySize + kPassphraseSealOverhead;

template <class Number>
void Append(void (*put)(uint8_t*, Number), Number value, std::string* out) {
  uint8_t bytes[sizeof(Number)];
  put(bytes, value);
  out->append(AsText(bytes));
}

void AppendRecipient(const Recipient& recipient, std::string* out) {
  std::string body;
  if (recipient.kind == RecipientKind::kRecoveryKey) body = AsText(recipient.fingerprint);
  body += recipient.wrapped;
  out->push_back(static_cast<char>(recipient.kind));
  Append(PutU16, static_cast<uint16_t>(body.size()), out);
  out->append(body);
}

// Takes bytes off the front of a view.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : bytes_(bytes) {}
  std::optional<ByteView> Take(size_t size) {
    if (size > bytes_.size()) return std::nullopt;
    const ByteView taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  bool done() const { return bytes_.empty(); }

 private:
  ByteView bytes_;
};

std::optional<Recipient> ParseRecipient(Cursor& cursor) {
  const auto head = cursor.Take(3);
  if (!head) return std::nullopt;
  auto body = cursor.Take(GetU16(head->data() + 1));
  if (!body) return std::nullopt;
  Recipient recipient;
  recipient.kind = static_cast<RecipientKind>((*head)[0]);
  switch (recipient.kind) {
    case RecipientKind::kRecoveryKey:
      if (body->size() != kFingerprintSize + kWrappedImportSize) return std::nullopt;
      std::copy_n(body->begin(), kFingerprintSize, recipient.fingerprint.begin());
      recipient.wrapped = AsText(body->subspan(kFingerprintSize));
      return recipient;
    case RecipientKind::kPassphrase:
      if (body->size() != kSealedSize) return std::nullopt;
      recipient.wrapped = AsText(*body);
      return recipient;
  }
  return std::nullopt;
}

std::optional<BackupHeader> ParseHeader(ByteView bytes) {
  Cursor cursor(bytes);
  const auto id = cursor.Take(kBackupIdSize);
  const auto rest = cursor.Take(8 + 1);
  if (!id || !rest) return std::nullopt;
  BackupHeader header;
  std::copy(id->begin(), id->end(), header.file_id.begin());
  header.create_time =
      WallTime(std::chrono::microseconds(static_cast<int64_t>(GetU64(rest->data()))));
  const size_t count = (*rest)[8];
  if (count == 0 || count > kMaxRecipients) return std::nullopt;
  for (size_t i = 0; i < count; ++i) {
    auto recipient = ParseRecipient(cursor);
    if (!recipient) return std::nullopt;
    header.recipients.push_back(*std::move(recipient));
  }
  return cursor.done() ? std::optional(std::move(header)) : std::nullopt;
}

absl::Status NoBackup() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kBackupInvalid,
               "the file is no backup of FieldKMS");
}

}  // namespace

std::string FormatBackupHeader(const BackupHeader& header) {
  std::string body(AsText(header.file_id));
  Append(PutU64, static_cast<uint64_t>(header.create_time.time_since_epoch().count()), &body);
  body.push_back(static_cast<char>(header.recipients.size()));
  for (const Recipient& recipient : header.recipients) AppendRecipient(recipient, &body);
  std::string raw(kMagic);
  Append(PutU16, kBackupFormat, &raw);
  Append(PutU32, static_cast<uint32_t>(body.size()), &raw);
  return raw + body;
}

absl::StatusOr<BackupHeader> ReadBackupHeader(const ByteSource& source, std::string* raw) {
  raw->resize(kPrefixSize);
  FIELDKMS_RETURN_IF_ERROR(ReadExactly(source, AsMutableBytes(*raw)));
  if (!raw->starts_with(kMagic)) return NoBackup();
  const uint8_t* prefix = AsBytes(*raw).data();
  if (GetU16(prefix + kMagic.size()) != kBackupFormat) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreTooNew,
                 "the backup is of a format that this release does not know: use the release "
                 "that wrote it, or a newer one");
  }
  const size_t size = GetU32(prefix + kMagic.size() + 2);
  if (size > kMaxHeader) return BackupDamaged();
  raw->resize(kPrefixSize + size);
  FIELDKMS_RETURN_IF_ERROR(ReadExactly(source, AsMutableBytes(*raw).subspan(kPrefixSize)));
  auto header = ParseHeader(AsBytes(*raw).subspan(kPrefixSize));
  if (!header) return BackupDamaged();
  return *std::move(header);
}

absl::StatusOr<BackupKeys> DeriveBackupKeys(const SecretBytes& backup_key, ByteView raw_header) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto salt, Sha256(raw_header));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes both, SecretBytes::Allocate(2 * kBackupKeySize));
  FIELDKMS_RETURN_IF_ERROR(
      HkdfSha256(backup_key.Expose(), salt, AsBytes("fieldkms/backup/1"), both.ExposeMutable()));
  BackupKeys keys;
  FIELDKMS_ASSIGN_OR_RETURN(keys.chunk_key,
                            SecretBytes::CopyOf(both.Expose().first(kBackupKeySize)));
  const ByteView commitment = both.Expose().subspan(kBackupKeySize);
  std::copy(commitment.begin(), commitment.end(), keys.commitment.begin());
  return keys;
}

std::string PassphraseBinding(const BackupHeader& header) {
  return "fieldkms/backup/1/passphrase" + std::string(AsText(header.file_id));
}

absl::Status ReadExactly(const ByteSource& source, MutableBytes out) {
  while (!out.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const size_t size, source(out));
    if (size == 0) return BackupDamaged();
    out = out.subspan(size);
  }
  return absl::OkStatus();
}

absl::Status BackupDamaged() {
  return Error(absl::StatusCode::kDataLoss, Reason::kBackupInvalid,
               "the backup was altered, or is not whole");
}

absl::Status BackupLocked() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyUnwrapFailed,
               "the backup does not open: it is of another recovery key or passphrase, or was "
               "altered");
}

}  // namespace fieldkms
