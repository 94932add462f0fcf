#include "crypto/mac.h"

#include <array>

#include "crypto/hmac.h"
#include "crypto/mac_contexts.h"
#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

static_assert(kMacSize == kHmacSize);
constexpr uint8_t kFormatAndSuite = 0x21;  // format 2, suite 1: of no envelope
constexpr std::string_view kDomain = "fieldkms/mac/1";
constexpr size_t kMaxTenantSize = 0xffff;

absl::Status Misuse(std::string_view rule) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kInternal, rule);
}

// HMAC over domain ‖ header ‖ U16(len(tenant)) ‖ tenant ‖ context ‖ data: all but the
// last has a fixed or stated length.
absl::Status ComputeIn(const MacKey& key, ByteView header, const MacPlace& place, ByteView data,
                       std::span<uint8_t, kMacSize> mac) {
  if (place.tenant.empty() || place.tenant.size() > kMaxTenantSize) {
    return Misuse("a MAC needs a tenant");
  }
  if (place.context.empty()) return Misuse("a MAC needs a context in canonical form");
  uint8_t tenant_size[2];
  PutU16(tenant_size, static_cast<uint16_t>(place.tenant.size()));
  return key.Compute(
      {AsBytes(kDomain), header, tenant_size, AsBytes(place.tenant), AsBytes(place.context), data},
      mac);
}

}  // namespace

absl::StatusOr<MacKey> MacKey::Create(SecretBytes key) {
  if (key.empty() || key.size() > kMaxMacKeySize) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal,
                 "a MAC key has 1 to 4,095 bytes");
  }
  FIELDKMS_ASSIGN_OR_RETURN(CachedKey cached, CachedKey::Create(std::move(key)));
  return MacKey(std::move(cached));
}

absl::Status MacKey::Compute(std::initializer_list<ByteView> parts,
                             std::span<uint8_t, kMacSize> mac) const {
  Wipe(mac);
  FIELDKMS_ASSIGN_OR_RETURN(const ByteView key, key_.Expose());
  if (MacContexts::OfThread().Compute(key_.id(), key, parts, mac)) return absl::OkStatus();
  Wipe(mac);
  return CryptoFailure("HMAC-SHA256");
}

absl::Status MacMismatch() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kMacMismatch,
               "the MAC is not of this tenant, key, context and data");
}

absl::StatusOr<MacView> ParseMac(ByteView value) {
  if (value.size() != kMacValueSize || value[0] != kFormatAndSuite) return MacMismatch();
  MacView view;
  view.header = {GetU64(value.data() + 1), GetU32(value.data() + 9)};
  view.header_bytes = value.first(kMacHeaderSize);
  view.mac = value.subspan(kMacHeaderSize);
  if (view.header.key_id == 0 || view.header.version == 0) return MacMismatch();
  return view;
}

absl::Status ComputeMac(const MacKey& key, const MacHeader& header, const MacPlace& place,
                        ByteView data, std::string* out) {
  out->clear();
  if (header.key_id == 0 || header.version == 0) return Misuse("the header lacks a key or version");
  std::array<uint8_t, kMacValueSize> value;
  const std::span<uint8_t, kMacValueSize> all(value);
  value[0] = kFormatAndSuite;
  PutU64(value.data() + 1, header.key_id);
  PutU32(value.data() + 9, header.version);
  FIELDKMS_RETURN_IF_ERROR(
      ComputeIn(key, all.first<kMacHeaderSize>(), place, data, all.last<kMacSize>()));
  out->assign(AsText(value));
  return absl::OkStatus();
}

absl::Status VerifyMac(const MacKey& key, const MacView& value, const MacPlace& place,
                       ByteView data) {
  std::array<uint8_t, kMacSize> expected;
  FIELDKMS_RETURN_IF_ERROR(ComputeIn(key, value.header_bytes, place, data, expected));
  const bool equal = ConstantTimeEqual(expected, value.mac);
  Wipe(expected);  // the right one, for data that its sender may not have a MAC of
  return equal ? absl::OkStatus() : MacMismatch();
}

}  // namespace fieldkms
