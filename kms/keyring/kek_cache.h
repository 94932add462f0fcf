// KekCache keeps the key-encryption keys of tenants, unwrapped.
#ifndef FIELDKMS_KMS_KEYRING_KEK_CACHE_H_
#define FIELDKMS_KMS_KEYRING_KEK_CACHE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "crypto/xaes_gcm.h"
#include "kms/root/root_key.h"
#include "kms/single_flight.h"
#include "kms/store/store.h"

namespace fieldkms {

// Thread-safe. Holds one entry a KEK version in use, so that the root key is
// asked once for each and keys can be made and loaded while it is down.
class KekCache {
 public:
  KekCache(Store& store, const RootKey& root, const Clock& clock)
      : store_(store), root_(root), flights_(clock) {}

  // Get returns a KEK, fetched and unwrapped if need be; concurrent calls for one
  // share that. Errors: those of Store::GetKek and RootKey::Unwrap; kDataLoss,
  // reason kStoreCorrupt, for a KEK that this root did not wrap for this tenant.
  absl::StatusOr<std::shared_ptr<const XaesKey>> Get(std::string_view tenant, uint32_t version,
                                                     Deadline deadline);

 private:
  using KekPtr = std::shared_ptr<const XaesKey>;

  KekPtr Find(const std::string& name) const;
  absl::StatusOr<KekPtr> Fetch(std::string_view tenant, uint32_t version, Deadline deadline);

  Store& store_;
  const RootKey& root_;
  SingleFlight<absl::StatusOr<KekPtr>> flights_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, KekPtr> keks_;  // tenant ‖ '/' ‖ version
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEK_CACHE_H_
