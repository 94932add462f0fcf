// The service's limits, as documented in proto/fieldkms/v1/crypto_service.proto.
#ifndef FIELDKMS_CLIENTS_CPP_LIMITS_H_
#define FIELDKMS_CLIENTS_CPP_LIMITS_H_

#include <cstddef>

namespace fieldkms {

// Encoded size of a request, in bytes.
inline constexpr size_t kMaxRequestSize = size_t{4} << 20;
// Items of a batch request.
inline constexpr size_t kMaxBatchItems = 10'000;
// Calls that one batch of any length keeps in flight.
inline constexpr size_t kMaxCallsInFlight = 4;
// The largest response accepted: a full batch whose every item failed with
// details is well below.
inline constexpr size_t kMaxResponseSize = size_t{32} << 20;

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LIMITS_H_
