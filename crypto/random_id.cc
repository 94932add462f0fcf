#include "crypto/random_id.h"

#include <array>
#include <cstdint>

#include "crypto/hex.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {

absl::StatusOr<std::string> RandomId() {
  std::array<uint8_t, 16> bytes;
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
  return EncodeHex(bytes);
}

}  // namespace fieldkms
