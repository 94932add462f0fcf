// Request ids: what makes a repeated mutation act once.
#ifndef FIELDKMS_CLIENTS_CPP_REQUEST_ID_H_
#define FIELDKMS_CLIENTS_CPP_REQUEST_ID_H_

#include <string>

#include "absl/status/statusor.h"

namespace fieldkms {

// NewRequestId returns a random UUID (RFC 9562, version 4) in its usual form.
// Error: kInternal if the generator fails. Thread-safe.
absl::StatusOr<std::string> NewRequestId();

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_REQUEST_ID_H_
