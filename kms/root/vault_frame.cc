#include "kms/root/vault_frame.h"

#include <algorithm>

#include "crypto/status.h"
#include "kms/root/vault_error.h"

namespace fieldkms {
namespace {

constexpr size_t kSizeBytes = 2;

}  // namespace

WipedBuffer FrameKey(const SecretBytes& key, std::string_view context) {
  WipedBuffer frame(kSizeBytes + key.size() + context.size());
  PutU16(frame.data(), static_cast<uint16_t>(key.size()));
  const ByteView bytes = key.Expose();
  std::copy(bytes.begin(), bytes.end(), frame.begin() + kSizeBytes);
  std::copy(context.begin(), context.end(), frame.end() - static_cast<ptrdiff_t>(context.size()));
  return frame;
}

absl::StatusOr<SecretBytes> UnframeKey(ByteView frame, std::string_view context) {
  if (frame.size() < kSizeBytes) return VaultWrongKey();
  const size_t size = GetU16(frame.data());
  if (size == 0 || size > kMaxVaultKey || frame.size() != kSizeBytes + size + context.size()) {
    return VaultWrongKey();
  }
  if (!ConstantTimeEqual(frame.subspan(kSizeBytes + size), AsBytes(context))) {
    return VaultWrongKey();
  }
  return SecretBytes::CopyOf(frame.subspan(kSizeBytes, size));
}

}  // namespace fieldkms
