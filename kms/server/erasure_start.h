// What a replica does about erasures before it serves.
#ifndef FIELDKMS_KMS_SERVER_ERASURE_START_H_
#define FIELDKMS_KMS_SERVER_ERASURE_START_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "kms/erasure/erasures.h"

namespace fieldkms {

// ReplayErasures does again what the logs at `paths` say was erased, as far as the store has not
// done it, and says of each how much that was. Errors: those of Erasures::Replay, naming the log;
// then the store may have what was erased, and must not be served.
absl::Status ReplayErasures(std::span<const std::string> paths, Erasures& erasures);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_ERASURE_START_H_
