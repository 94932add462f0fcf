// Ids that nothing else has, because they are drawn at random.
#ifndef FIELDKMS_CRYPTO_RANDOM_ID_H_
#define FIELDKMS_CRYPTO_RANDOM_ID_H_

#include <string>

#include "absl/status/statusor.h"

namespace fieldkms {

// RandomId returns 128 random bits as 32 lower-case hex digits. Error: as RandomBytes.
absl::StatusOr<std::string> RandomId();

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_RANDOM_ID_H_
