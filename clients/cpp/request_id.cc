#include "clients/cpp/request_id.h"

#include <cstdint>

#include "crypto/hex.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {

absl::StatusOr<std::string> NewRequestId() {
  uint8_t bytes[16];
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
  bytes[6] = static_cast<uint8_t>(0x40 | (bytes[6] & 0x0f));  // version 4
  bytes[8] = static_cast<uint8_t>(0x80 | (bytes[8] & 0x3f));  // variant of the RFC
  std::string id = EncodeHex(bytes);
  for (const size_t at : {8u, 13u, 18u, 23u}) id.insert(at, 1, '-');
  return id;
}

}  // namespace fieldkms
