// KeyFinder finds and authorises the keys of one call.
#ifndef FIELDKMS_KMS_SERVICE_KEY_FINDER_H_
#define FIELDKMS_KMS_SERVICE_KEY_FINDER_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/envelope.h"
#include "kms/service/call.h"

namespace fieldkms {

// Looks in the thread's key snapshot; what is not there is loaded if the run may
// block. It remembers the last answers, since the items of a batch mostly share
// their key. Lives within one run, on one thread.
//
// Keys that it returns are valid until generation() changes.
class KeyFinder {
 public:
  // `tenant`, and each `pin` given to ToOpen, must outlive it.
  KeyFinder(RunContext& context, std::string_view tenant);

  // A null key in either answer: it must be loaded, and this run may not block.
  struct Opener {
    const LoadedKey* key = nullptr;
    const LoadedVersion* version = nullptr;
  };

  struct Sealer {
    const LoadedKey* key = nullptr;
    const LoadedVersion* version = nullptr;  // the primary
  };

  // ToSeal finds the key `name`, of the request's field `field`, for sealing under its
  // primary version. Errors: PermissionDenied() whether or not the key exists;
  // kTenantNotFound, kKeyNotFound, kKeyPurpose, and those of the store and the root.
  absl::StatusOr<Sealer> ToSeal(std::string_view name, std::string_view field = "key");

  // ToOpen finds the key version that an envelope names, for `action` (decrypt or
  // rewrap). Errors: DecryptError if the tenant has no such version or the key is
  // not `pin` ("": any); PermissionDenied() for a key of the tenant that the
  // caller may not use; those of the store and the root.
  absl::StatusOr<Opener> ToOpen(const EnvelopeHeader& header, std::string_view pin, Action action);

  uint64_t generation() const { return generation_; }

 private:
  absl::StatusOr<Sealer> FindToSeal(std::string_view name, std::string_view field);
  absl::StatusOr<Opener> FindToOpen(const EnvelopeHeader& header, std::string_view pin,
                                    Action action);
  Opener Lookup(const EnvelopeHeader& header) const;
  // Runs a load, unless one has failed for want of the store or the root before:
  // a batch of thousands is not to wait for each of its items.
  template <class LoadFunction>
  absl::Status Load(LoadFunction load);

  RunContext& context_;
  const std::string_view tenant_;
  const KeySnapshot* snapshot_;
  uint64_t generation_ = 0;
  absl::Status down_;

  Sealer sealer_;
  EnvelopeHeader open_header_;
  std::string_view open_pin_;
  Opener opener_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_KEY_FINDER_H_
