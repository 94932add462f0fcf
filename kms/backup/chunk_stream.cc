#include "kms/backup/chunk_stream.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kSealedChunk = kBackupChunkSize + kGcmTagSize;

absl::Status SetKey(AesGcm& cipher, const SecretBytes& key) {
  if (key.size() != kBackupKeySize) return Bug("a chunk key is not 32 bytes");
  return cipher.SetKey(key.Expose().first<kBackupKeySize>());
}

}  // namespace

std::span<const uint8_t, kGcmNonceSize> ChunkNonce::Next(bool last) {
  // 2^64 chunks are more than a file can have: the upper bytes stay 0.
  PutU64(nonce_.data() + 3, number_++);
  nonce_[kGcmNonceSize - 1] = last ? 1 : 0;
  return nonce_;
}

ChunkWriter::ChunkWriter(const SecretBytes& key, ByteSink sink)
    : sink_(std::move(sink)),
      cipher_(AesGcm::Direction::kSeal),
      keyed_(SetKey(cipher_, key)),
      sealed_(kSealedChunk) {
  plain_.reserve(kBackupChunkSize);
}

absl::Status ChunkWriter::Write(ByteView bytes) {
  while (!bytes.empty()) {
    // Only now, so that a full chunk may be the last.
    if (plain_.size() == kBackupChunkSize) FIELDKMS_RETURN_IF_ERROR(Seal(false));
    const size_t size = std::min(bytes.size(), kBackupChunkSize - plain_.size());
    plain_.insert(plain_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    bytes = bytes.subspan(size);
  }
  return absl::OkStatus();
}

absl::Status ChunkWriter::Finish() { return Seal(true); }

absl::Status ChunkWriter::Seal(bool last) {
  FIELDKMS_RETURN_IF_ERROR(keyed_);
  const MutableBytes out = MutableBytes(sealed_).first(plain_.size() + kGcmTagSize);
  FIELDKMS_RETURN_IF_ERROR(cipher_.Seal(nonce_.Next(last), {}, plain_, out));
  Wipe(plain_);
  plain_.clear();
  return sink_(out);
}

ChunkReader::ChunkReader(const SecretBytes& key, ByteSource source)
    : source_(std::move(source)),
      cipher_(AesGcm::Direction::kOpen),
      keyed_(SetKey(cipher_, key)),
      sealed_(kSealedChunk + 1) {
  plain_.reserve(kBackupChunkSize);
}

absl::Status ChunkReader::Read(MutableBytes out) {
  while (!out.empty()) {
    if (used_ == plain_.size()) FIELDKMS_RETURN_IF_ERROR(Open());
    const size_t size = std::min(out.size(), plain_.size() - used_);
    std::copy_n(plain_.begin() + static_cast<ptrdiff_t>(used_), size, out.begin());
    used_ += size;
    out = out.subspan(size);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ChunkReader::AtEnd() {
  if (used_ == plain_.size() && !last_) FIELDKMS_RETURN_IF_ERROR(Open());
  return used_ == plain_.size();
}

absl::Status ChunkReader::Open() {
  FIELDKMS_RETURN_IF_ERROR(keyed_);
  if (last_) return BackupDamaged();
  while (held_ < sealed_.size()) {
    FIELDKMS_ASSIGN_OR_RETURN(const size_t size, source_(MutableBytes(sealed_).subspan(held_)));
    if (size == 0) break;
    held_ += size;
  }
  last_ = held_ < sealed_.size();
  const size_t size = last_ ? held_ : kSealedChunk;
  if (size <= kGcmTagSize) return BackupDamaged();  // an empty chunk there is none
  Wipe(plain_);
  plain_.resize(size - kGcmTagSize);
  used_ = 0;
  const absl::Status opened =
      cipher_.Open(nonce_.Next(last_), {}, ByteView(sealed_).first(size), plain_);
  if (!opened.ok()) {
    plain_.clear();
    return ReasonOf(opened) == Reason::kTagMismatch ? BackupDamaged() : opened;
  }
  if (!last_) sealed_[0] = sealed_[kSealedChunk];
  held_ = last_ ? 0 : 1;
  return absl::OkStatus();
}

}  // namespace fieldkms
