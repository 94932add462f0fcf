#include "kms/keyring/keyring.h"

#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/change_follower.h"
#include "kms/keyring/core.h"

namespace fieldkms {
namespace {

// A start that cannot reach its root or store says so, rather than hang.
constexpr std::chrono::seconds kPatience{30};

}  // namespace

class Keyring::Impl {
 public:
  Impl(Store& store, const RootKey& root, const Clock& clock, const KeyringOptions& options,
       uint64_t newest_change)
      : core(store, root, clock, options),
        admin(core),
        transfer(core),
        follower(core, newest_change) {}

  KeyringCore core;
  KeyAdmin admin;
  KeyTransfer transfer;
  ChangeFollower follower;  // its threads end before what they stand on
};

Keyring::Keyring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Keyring::~Keyring() = default;

absl::StatusOr<std::unique_ptr<Keyring>> Keyring::Open(Store& store, const RootKey& root,
                                                       const Clock& clock,
                                                       const KeyringOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t newest, store.WaitForChange(0, clock.Steady()));
  auto impl = std::make_unique<Impl>(store, root, clock, options, newest);
  FIELDKMS_RETURN_IF_ERROR(impl->core.binding.Tie(clock.Steady() + kPatience));
  return std::unique_ptr<Keyring>(new Keyring(std::move(impl)));
}

void Keyring::SetListener(ChangeListener& listener) { impl_->core.listener = &listener; }

absl::Status Keyring::Announce(std::string replica_id, Deadline deadline) {
  return impl_->follower.Announce(std::move(replica_id), deadline);
}

absl::Status Keyring::Leave(Deadline deadline) {
  impl_->follower.Stop();
  return impl_->follower.Leave(deadline);
}

void Keyring::Start() { impl_->follower.Start(); }

const KeySnapshot& Keyring::Snapshot() const { return impl_->core.cell.ThreadView(); }

absl::Status Keyring::CheckFresh(std::chrono::steady_clock::time_point now) const {
  const ChangeFollower& follower = impl_->follower;
  if (now <= follower.fresh_until() || !follower.started()) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable,
               "the key store has been out of reach for too long to use what was loaded from it");
}

absl::Status Keyring::LoadByName(std::string_view tenant, std::string_view name,
                                 Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name, "key"));
  return impl_->core.loader.LoadByName(tenant, name, deadline);
}

absl::Status Keyring::LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                               Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  return impl_->core.loader.LoadById(tenant, key_id, version, deadline);
}

KeyAdmin& Keyring::admin() { return impl_->admin; }

KeyTransfer& Keyring::transfer() { return impl_->transfer; }

KeyringCore& Keyring::core() { return impl_->core; }

uint64_t Keyring::Change() const { return impl_->follower.change(); }

KeyringStatus Keyring::Status() const {
  const std::shared_ptr<const KeySnapshot> loaded = impl_->core.cell.Current();
  return {loaded->size(), loaded->versions(), impl_->core.keks.size(), impl_->follower.change(),
          impl_->follower.store_seen()};
}

}  // namespace fieldkms
