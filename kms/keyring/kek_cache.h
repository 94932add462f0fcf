// KekCache keeps the key-encryption keys of tenants, unwrapped.
#ifndef FIELDKMS_KMS_KEYRING_KEK_CACHE_H_
#define FIELDKMS_KMS_KEYRING_KEK_CACHE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "crypto/sha256.h"
#include "crypto/xaes_gcm.h"
#include "kms/keyring/key_snapshot.h"
#include "kms/keyring/options.h"
#include "kms/keyring/root_binding.h"
#include "kms/root/root_key.h"
#include "kms/single_flight.h"
#include "kms/store/store.h"

namespace fieldkms {

// A KEK in use. Immutable but for its life, which all keys under it share: when the root
// has unwrapped it again, they all serve on, and none of them is loaded anew.
struct LoadedKek {
  std::string tenant;
  uint32_t version = 0;
  XaesKey key;
  std::array<uint8_t, kSha256Size> digest;  // tells whether the root gives the same again
  std::shared_ptr<KekLife> life;
};

// Thread-safe. Holds one entry a KEK version in use, so that the root key is
// asked once for each and keys can be made and loaded while it is down.
class KekCache {
 public:
  KekCache(Store& store, const RootKey& root, RootBinding& binding, const Clock& clock,
           const KeyringOptions& options)
      : store_(store),
        root_(root),
        binding_(binding),
        clock_(clock),
        options_(options),
        flights_(clock) {}

  using KekPtr = std::shared_ptr<const LoadedKek>;

  // Get returns a KEK that serves, fetched and unwrapped if need be; concurrent calls for
  // one share that. Errors: those of Store::GetKek and RootKey::Unwrap; kDataLoss,
  // reason kStoreCorrupt, for a KEK that this root did not wrap for this tenant, though
  // it is the store's root; kRootWrongKey if it is not.
  absl::StatusOr<KekPtr> Get(std::string_view tenant, uint32_t version, Deadline deadline);

  // RefreshDue unwraps again what is in use and due, one after the other, and forgets
  // what has ended unused. Returns the first error; what it could not refresh serves on
  // until its end and is due again at once. For one thread.
  absl::Status RefreshDue(Deadline deadline);

  size_t size() const;

 private:
  struct Entry {
    KekPtr kek;
    std::chrono::steady_clock::time_point due;  // to be unwrapped again
  };

  KekPtr Find(const std::string& name) const;
  absl::StatusOr<SecretBytes> Unwrap(std::string_view tenant, const KekRecord& record,
                                     Deadline deadline);
  absl::StatusOr<KekPtr> Fetch(std::string_view tenant, uint32_t version, Deadline deadline);
  KekPtr Keep(const std::string& name, KekPtr kek);
  std::chrono::steady_clock::time_point NextDue(std::chrono::steady_clock::time_point now) const;

  Store& store_;
  const RootKey& root_;
  RootBinding& binding_;
  const Clock& clock_;
  const KeyringOptions options_;
  SingleFlight<absl::StatusOr<KekPtr>> flights_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> keks_;  // tenant ‖ '/' ‖ version
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEK_CACHE_H_
