// The chunks of a backup (backup_format.h): STREAM over AES-256-GCM.
#ifndef FIELDKMS_KMS_BACKUP_CHUNK_STREAM_H_
#define FIELDKMS_KMS_BACKUP_CHUNK_STREAM_H_

#include <array>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/aes_gcm.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "crypto/wiping_allocator.h"
#include "kms/backup/backup_format.h"

namespace fieldkms {

// The nonces of one stream.
class ChunkNonce {
 public:
  // The nonce of the next chunk.
  std::span<const uint8_t, kGcmNonceSize> Next(bool last);

 private:
  std::array<uint8_t, kGcmNonceSize> nonce_ = {};
  uint64_t number_ = 0;
};

// Writes a payload. After Finish it takes no more. Not thread-safe.
class ChunkWriter {
 public:
  ChunkWriter(const SecretBytes& key, ByteSink sink);
  absl::Status Write(ByteView bytes);
  absl::Status Finish();

 private:
  absl::Status Seal(bool last);

  const ByteSink sink_;
  AesGcm cipher_;
  absl::Status keyed_;
  ChunkNonce nonce_;
  WipedBuffer plain_;
  WipedBuffer sealed_;
};

// Reads one. Not thread-safe.
class ChunkReader {
 public:
  ChunkReader(const SecretBytes& key, ByteSource source);
  // Fills all of `out`. Error: BackupDamaged(), also where the payload ends before.
  absl::Status Read(MutableBytes out);
  // Whether all of the payload was read and nothing stands behind it. Error: BackupDamaged().
  absl::StatusOr<bool> AtEnd();

 private:
  absl::Status Open();

  const ByteSource source_;
  AesGcm cipher_;
  absl::Status keyed_;
  ChunkNonce nonce_;
  WipedBuffer sealed_;  // a chunk and one byte more, by which a chunk is known not to be the last
  size_t held_ = 0;     // bytes in it
  WipedBuffer plain_;
  size_t used_ = 0;  // of plain_
  bool last_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_CHUNK_STREAM_H_
