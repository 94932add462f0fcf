// The file of a backup. Pure: bytes come from a source and go to a sink.
//
//   file       = prefix header commitment 1*chunk
//   prefix     = "FKBACKUP" U16(format, 1) U32(length of header)
//   header     = file-id(16, random) U64(time, microseconds since 1970) U8(recipients, 1 to 16)
//                1*16recipient
//   recipient  = U8(kind) U16(length) body
//     kind 1   = fingerprint(32, SHA-256 of the recovery key's SubjectPublicKeyInfo)
//                wrapped(552: crypto/key_import.h)
//     kind 2   = sealed(91: crypto/passphrase_seal.h, bound to
//                "fieldkms/backup/1/passphrase" ‖ file-id)
//
// Each recipient holds the backup key, 32 random bytes of this file only. From it
//
//   chunk key (32) ‖ commitment (32) =
//       HKDF-SHA256(backup key, salt SHA-256(prefix ‖ header), info "fieldkms/backup/1")
//
// so that whoever alters a header, or makes one that two keys open, is found out by the
// commitment.
//
// Chunks are the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), as age and
// Tink have it: 64 KiB of the payload each, the last shorter or as long, sealed by
// AES-256-GCM with the nonce U88(number, from 0) ‖ U8(1 for the last, else 0) and no AAD.
// A chunk that is altered, moved, repeated or missing, and bytes behind the last, are found.
//
// The payload is records (backup_records.h).
#ifndef FIELDKMS_KMS_BACKUP_BACKUP_FORMAT_H_
#define FIELDKMS_KMS_BACKUP_BACKUP_FORMAT_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"

namespace fieldkms {

inline constexpr uint16_t kBackupFormat = 1;
inline constexpr size_t kBackupKeySize = 32;
inline constexpr size_t kBackupIdSize = 16;
inline constexpr size_t kBackupChunkSize = size_t{64} << 10;
inline constexpr size_t kMaxRecipients = 16;

// Takes all of the bytes, or fails.
using ByteSink = std::function<absl::Status(ByteView bytes)>;
// Fills some of `out`, and says how much; 0: there is no more.
using ByteSource = std::function<absl::StatusOr<size_t>(MutableBytes out)>;

enum class RecipientKind : uint8_t { kRecoveryKey = 1, kPassphrase = 2 };
struct Recipient {
  RecipientKind kind = RecipientKind::kRecoveryKey;
  std::array<uint8_t, 32> fingerprint = {};  // of a recovery key
  std::string wrapped;                       // the backup key
};

// What a backup tells without a key. Not authenticated before it was unlocked.
struct BackupHeader {
  std::array<uint8_t, kBackupIdSize> file_id = {};
  WallTime create_time;
  std::vector<Recipient> recipients;
};

// Prefix ‖ header.
std::string FormatBackupHeader(const BackupHeader& header);
// ReadBackupHeader reads prefix and header, and keeps their bytes in `raw`. Errors:
// kInvalidArgument, kBackupInvalid, for what is no backup; kFailedPrecondition,
// kStoreTooNew, for one of a newer format; BackupDamaged(); those of the source.
absl::StatusOr<BackupHeader> ReadBackupHeader(const ByteSource& source, std::string* raw);

// What is made of the backup key for one file.
struct BackupKeys {
  SecretBytes chunk_key;
  std::array<uint8_t, 32> commitment = {};
};
absl::StatusOr<BackupKeys> DeriveBackupKeys(const SecretBytes& backup_key, ByteView raw_header);

// The binding of a passphrase's seal.
std::string PassphraseBinding(const BackupHeader& header);

// Fills all of `out`: BackupDamaged() where the source ends before.
absl::Status ReadExactly(const ByteSource& source, MutableBytes out);

// The one status of a backup that opens, but is not as it was written: kDataLoss,
// kBackupInvalid.
absl::Status BackupDamaged();

// The one status of a backup that does not open by what was given: kFailedPrecondition,
// kKeyUnwrapFailed.
absl::Status BackupLocked();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_BACKUP_FORMAT_H_
