#include "kms/keyring/fingerprint.h"

#include "crypto/bytes.h"
#include "crypto/sha256.h"
#include "crypto/status.h"

namespace fieldkms {

absl::StatusOr<std::string> FingerprintOf(std::initializer_list<std::string_view> fields) {
  std::string joined;
  for (const std::string_view field : fields) {
    uint8_t length[4];
    PutU32(length, static_cast<uint32_t>(field.size()));
    joined.append(AsText(length)).append(field);
  }
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(AsBytes(joined)));
  return std::string(AsText(digest));
}

}  // namespace fieldkms
