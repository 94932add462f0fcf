#include "rotation/envelope_target.h"

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/status.h"

namespace fieldkms::rotation {
namespace {

std::string BytesOf(uint64_t key_id) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>((key_id >> shift) & 0xff);
  return bytes;
}

}  // namespace

std::optional<SealedUnder> SealedUnderOf(std::string_view envelope) {
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  if (!view.ok()) return std::nullopt;
  return SealedUnder{BytesOf(view->header.key_id), view->header.version};
}

bool IsOfTarget(const SealedUnder& under, const Target& target) {
  return under.key_id == target.key_id && under.version >= target.version;
}

bool IsOfTarget(std::string_view envelope, const Target& target) {
  const std::optional<SealedUnder> under = SealedUnderOf(envelope);
  return under && IsOfTarget(*under, target);
}

absl::Status NotHeardOfTarget() {
  return Error(absl::StatusCode::kUnavailable, Reason::kPrimaryChanged,
               "a replica of the service has not heard of the key's new version yet");
}

}  // namespace fieldkms::rotation
