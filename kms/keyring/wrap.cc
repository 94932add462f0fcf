#include "kms/keyring/wrap.h"

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kWrappedDekSize = kXaesNonceSize + kDekSize + kXaesTagSize;

void AppendU32(uint32_t value, std::string* out) {
  uint8_t bytes[4];
  PutU32(bytes, value);
  out->append(AsText(bytes));
}

void AppendU64(uint64_t value, std::string* out) {
  uint8_t bytes[8];
  PutU64(bytes, value);
  out->append(AsText(bytes));
}

std::string DekAad(const DekPlace& place) {
  std::string aad = "fieldkms/dek/1";
  AppendTenant(place.tenant, &aad);
  AppendU64(place.key_id, &aad);
  AppendU32(place.version, &aad);
  aad.push_back(static_cast<char>(place.purpose));
  return aad;
}

}  // namespace

// Tenant ids are at most 63 bytes (crypto/names.h), so two bytes hold any length.
void AppendTenant(std::string_view tenant, std::string* out) {
  uint8_t length[2];
  PutU16(length, static_cast<uint16_t>(tenant.size()));
  out->append(AsText(length)).append(tenant);
}

std::string KekContext(std::string_view tenant, uint32_t version) {
  std::string context = "fieldkms/kek/1";
  AppendTenant(tenant, &context);
  AppendU32(version, &context);
  return context;
}

absl::StatusOr<std::string> WrapDek(const XaesKey& kek, const SecretBytes& dek,
                                    const DekPlace& place) {
  if (dek.size() != kDekSize) return Bug("a key version is not 32 bytes");
  std::string wrapped(kWrappedDekSize, '\0');
  const MutableBytes out = AsMutableBytes(wrapped);
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(out.first<kXaesNonceSize>()));
  FIELDKMS_RETURN_IF_ERROR(kek.Seal(out.first<kXaesNonceSize>(), AsBytes(DekAad(place)),
                                    dek.Expose(), out.subspan(kXaesNonceSize)));
  return wrapped;
}

absl::StatusOr<SecretBytes> UnwrapDek(const XaesKey& kek, std::string_view wrapped,
                                      const DekPlace& place) {
  if (wrapped.size() != kWrappedDekSize) return WrappedKeyDamaged("key version");
  const ByteView in = AsBytes(wrapped);
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes dek, SecretBytes::Allocate(kDekSize));
  const absl::Status status = kek.Open(in.first<kXaesNonceSize>(), AsBytes(DekAad(place)),
                                       in.subspan(kXaesNonceSize), dek.ExposeMutable());
  if (ReasonOf(status) == Reason::kTagMismatch) return WrappedKeyDamaged("key version");
  FIELDKMS_RETURN_IF_ERROR(status);
  return dek;
}

absl::Status WrappedKeyDamaged(std::string_view which) {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               "a wrapped " + std::string(which) +
                   " in the key store was altered or moved; restore the store from a backup");
}

}  // namespace fieldkms
