#include "clients/cpp/request_id.h"

#include <cstdint>

#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {

absl::StatusOr<std::string> NewRequestId() {
  uint8_t bytes[16];
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
  bytes[6] = static_cast<uint8_t>(0x40 | (bytes[6] & 0x0f));  // version 4
  bytes[8] = static_cast<uint8_t>(0x80 | (bytes[8] & 0x3f));  // variant of the RFC
  constexpr char kHex[] = "0123456789abcdef";
  std::string id;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += kHex[bytes[i] >> 4];
    id += kHex[bytes[i] & 0x0f];
  }
  return id;
}

}  // namespace fieldkms
