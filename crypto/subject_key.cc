#include "crypto/subject_key.h"

#include <array>
#include <string>

#include "crypto/envelope.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kLabel = "fieldkms/subject/1";

absl::Status Refuse(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal, rule);
}

absl::Status CheckPlace(const SubjectKeyPlace& place) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(place.tenant));
  if (place.key_id == 0 || place.version == 0) {
    return Refuse("a subject's key is of a key and a version, which are never 0");
  }
  if (place.handle.size() != kEnvelopeSubjectSize) return Refuse("a subject's handle has 16 bytes");
  return absl::OkStatus();
}

// A salt of zeros is none: what is sealed with it would outlive the erasure of the subject. Memory
// of secrets is zeroed in the child of a fork; a true secret is zero with a chance of 2^-256.
absl::Status CheckSecret(ByteView secret) {
  if (secret.size() != kSubjectKeySecretSize) return Refuse("a subject's secret has 32 bytes");
  uint8_t any = 0;
  for (const uint8_t byte : secret) any |= byte;
  if (any != 0) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure,
               "the subject's secret was wiped by a fork of the process");
}

std::string InfoOf(const SubjectKeyPlace& place) {
  std::array<uint8_t, 8 + 4> numbers;
  PutU64(numbers.data(), place.key_id);
  PutU32(numbers.data() + 8, place.version);
  std::string info(kLabel);
  info.push_back(static_cast<char>(place.tenant.size()));
  info.append(place.tenant).append(AsText(numbers)).append(AsText(place.handle));
  return info;
}

}  // namespace

absl::StatusOr<XaesKey> DeriveSubjectKey(const XaesKey& version_key, ByteView secret,
                                         const SubjectKeyPlace& place) {
  FIELDKMS_RETURN_IF_ERROR(CheckPlace(place));
  FIELDKMS_RETURN_IF_ERROR(CheckSecret(secret));
  return version_key.Derive(secret, AsBytes(InfoOf(place)));
}

}  // namespace fieldkms
