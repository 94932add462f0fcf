// KeyFinder finds and authorises the keys of one call.
#ifndef FIELDKMS_KMS_SERVICE_KEY_FINDER_H_
#define FIELDKMS_KMS_SERVICE_KEY_FINDER_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/envelope.h"
#include "kms/service/call.h"

namespace fieldkms {

// What a key is wanted for.
struct KeyUse {
  Action action = Action::kEncrypt;
  KeyPurpose purpose = KeyPurpose::kEncrypt;
  // Id of a key that the caller may use so without the right to `action`; 0: none.
  uint64_t allowed = 0;
  friend bool operator==(const KeyUse&, const KeyUse&) = default;
};

// Looks in the thread's key snapshot; what is not there is loaded if the run may
// block. It remembers the last answers, since the items of a batch mostly share
// their key. Lives within one run, on one thread.
//
// Names may be aliases. Rights are those on a key's own name. Who has none on a name
// gets PermissionDenied() whether it is a key, an alias or nothing.
//
// Keys that it returns are valid until generation() changes: also when another finder of the run
// loads one.
class KeyFinder {
 public:
  // `tenant`, and each `pin` given to ToOpen, must outlive it.
  KeyFinder(RunContext& context, std::string_view tenant);

  // A null key: it must be loaded, and this run may not block. Else `version` is
  // enabled, with material.
  struct Found {
    const LoadedKey* key = nullptr;
    const LoadedVersion* version = nullptr;
  };

  // ToSeal finds the key `name`, of the request's field `field`, with its primary
  // version, for sealing or making a MAC. Errors: PermissionDenied(); kTenantNotFound,
  // kKeyNotFound, kKeyPurpose, kKeyState, and those of the store and the root.
  absl::StatusOr<Found> ToSeal(std::string_view name, const KeyUse& use,
                               std::string_view field = "key");

  // ToOpen finds the key version of an envelope or MAC. Errors: DecryptError if the
  // tenant has no such version, or the key is not `pin` ("": any) or for another
  // purpose; PermissionDenied() for a key of the tenant that the caller may not use;
  // kKeyState; those of the store and the root. The key's suite is the caller's affair.
  struct Wanted {
    uint64_t key_id = 0;
    uint32_t version = 0;
    std::string_view pin;
    KeyUse use;
    friend bool operator==(const Wanted&, const Wanted&) = default;
  };
  absl::StatusOr<Found> ToOpen(const Wanted& wanted);

  uint64_t generation() const { return context_.keys.generation; }

 private:
  const KeySnapshot& snapshot() const { return *context_.keys.snapshot; }
  // Forgets the answers of a snapshot that is no more.
  void ForgetStale();

  bool Allows(const KeyUse& use, std::string_view own_name) const;
  bool Allows(const KeyUse& use, const KeyRecord& key) const;
  // Whether a version is as an answer needs it: with material that serves, or in a state
  // that answers by itself.
  bool IsReady(const LoadedVersion* version) const;

  absl::StatusOr<Found> FindToSeal(std::string_view name, const KeyUse& use,
                                   std::string_view field);
  absl::Status LoadToSeal(std::string_view name, const KeyUse& use, std::string_view field);
  absl::StatusOr<Found> FindToOpen(const Wanted& wanted);
  absl::Status LoadToOpen(const Wanted& wanted);
  absl::StatusOr<Found> CheckOpener(const Wanted& wanted, const Found& found);

  enum class PinMatch { kYes, kNo, kNotLoaded };
  PinMatch MatchPin(const LoadedKey& key, std::string_view pin) const;
  absl::Status LoadPin(const Wanted& wanted);

  // Runs what asks the store or the root, unless that has failed for want of one of
  // them before: a batch of thousands is not to wait for each of its items.
  template <class AskFunction>
  absl::Status Ask(AskFunction ask);
  // The same for a load, after which the snapshot is another.
  template <class LoadFunction>
  absl::Status Load(LoadFunction load);

  RunContext& context_;
  const std::string_view tenant_;
  const absl::Status fresh_;

  uint64_t answered_in_ = 0;  // the generation of the answers below
  KeyUse seal_use_;
  Found sealer_;
  Wanted open_wanted_;
  Found opener_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_KEY_FINDER_H_
