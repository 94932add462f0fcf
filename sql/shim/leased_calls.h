// Encrypt, Decrypt and their batches as Client has them, but with leases as far as there are any.
#ifndef FIELDKMS_SQL_SHIM_LEASED_CALLS_H_
#define FIELDKMS_SQL_SHIM_LEASED_CALLS_H_

#include "absl/status/statusor.h"
#include "sql/shim/backend.h"

namespace fieldkms::shim {

// The items of a request are all of its `key`. What no lease serves, or what is wrong with more
// than a ciphertext, goes to the service: each failure has the service's words. Blocks; used by one
// thread.
class LeasedCalls {
 public:
  // What a call did with leases is told in `tally`; both outlive it.
  LeasedCalls(Backend& backend, LocalTally* tally) : backend_(backend), tally_(*tally) {}

  absl::StatusOr<v1::EncryptResponse> Encrypt(const v1::EncryptRequest& request);
  absl::StatusOr<v1::DecryptResponse> Decrypt(const v1::DecryptRequest& request);
  absl::StatusOr<v1::BatchEncryptResponse> BatchEncrypt(const v1::BatchEncryptRequest& request);
  absl::StatusOr<v1::BatchDecryptResponse> BatchDecrypt(const v1::BatchDecryptRequest& request);

 private:
  Backend& backend_;
  LocalTally& tally_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_LEASED_CALLS_H_
