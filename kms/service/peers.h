// Peers: the other replicas, as far as one may hold what this one does not.
#ifndef FIELDKMS_KMS_SERVICE_PEERS_H_
#define FIELDKMS_KMS_SERVICE_PEERS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

// A token of a CVV that is in another replica's memory. Names as in the request.
struct PeerToken {
  std::string_view tenant;
  std::string_view field;
  std::string_view token;
};

// Thread-safe. Both block; a peer that is asked asks nobody else.
class Peers {
 public:
  virtual ~Peers() = default;
  // Replaces `value` by that of the token, whole: the caller shows of it what its own caller may
  // see, and wipes it. Errors: TokenNotFound(), also where no peer can be reached; kInternal where
  // one refuses this replica.
  virtual absl::Status Detokenize(const PeerToken& token, Deadline deadline,
                                  std::string* value) = 0;
  // How many there were.
  virtual absl::StatusOr<uint64_t> Erase(const PeerToken& token, Deadline deadline) = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_PEERS_H_
