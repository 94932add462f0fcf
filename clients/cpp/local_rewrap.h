// LocalRewrap: envelopes sealed anew in this process, with leased keys, for who rewraps many: a
// worker of a rotation job. What no lease can serve goes to CryptoService, and so does everything
// where the keys may not be leased.
//
// Threat: that of LocalCrypto. A worker that rewraps by the service never has a key or a plaintext;
// one that does so here has both.
#ifndef FIELDKMS_CLIENTS_CPP_LOCAL_REWRAP_H_
#define FIELDKMS_CLIENTS_CPP_LOCAL_REWRAP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "clients/cpp/local_crypto.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms {

// Safe for concurrent use.
class LocalRewrap {
 public:
  // Of the keys of a job's target. `client` is also what leases are taken by. Asks nothing of the
  // service yet. Error: InvalidField.
  static absl::StatusOr<std::unique_ptr<LocalRewrap>> Create(std::shared_ptr<Client> client,
                                                             const std::string& tenant,
                                                             const v1::RotationTarget& target);

  // As Client::BatchRewrap. The request's destination is the target's key, or it names none.
  absl::StatusOr<v1::BatchRewrapResponse> BatchRewrap(const v1::BatchRewrapRequest& request);

  // Whether keys are leased, as far as is known: false after LeaseService refused, for a minute.
  bool leases() const;

 private:
  LocalRewrap() = default;
  // False: the service is to be asked.
  absl::StatusOr<bool> TryItem(const v1::BatchRewrapRequest& request,
                               const v1::BatchRewrapRequest::Item& item,
                               v1::BatchRewrapResponse::Result* result);
  // Asks for those items that have no result yet.
  absl::Status AskForRest(const v1::BatchRewrapRequest& request, const std::vector<int>& rest,
                          v1::BatchRewrapResponse* response);

  std::shared_ptr<Client> client_;
  std::unique_ptr<LocalCrypto> crypto_;
  LocalKey* source_ = nullptr;       // crypto_'s
  LocalKey* destination_ = nullptr;  // crypto_'s; also where it is the source
  uint64_t source_id_ = 0;
  uint64_t destination_id_ = 0;
  std::atomic<int64_t> no_leases_until_ = 0;  // steady clock, seconds
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LOCAL_REWRAP_H_
