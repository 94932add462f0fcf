#include "kms/keyring/rewrap_kek.h"

#include <chrono>
#include <span>
#include <string>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{8};  // less than a shutdown may take

}  // namespace

absl::StatusOr<std::string> WrapKek(const RootKey& root, const SecretBytes& kek,
                                    std::string_view context, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(std::string wrapped, root.Wrap(kek, context, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes same, root.Unwrap(wrapped, context, deadline));
  if (ConstantTimeEqual(same.Expose(), kek.Expose())) return wrapped;
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "the root key does not give back what it was given to wrap");
}

absl::Status RewrapKek(Store& store, const RootKey& root, const Clock& clock,
                       std::string_view tenant, const KekRecord& kek) {
  const Deadline deadline = clock.Steady() + kPatience;
  const std::string context = KekContext(tenant, kek.version);
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes material,
                            root.Unwrap(kek.wrapped, context, deadline));
  RewrappedKek again{std::string(tenant), kek.version, kek.wrapped, {}};
  FIELDKMS_ASSIGN_OR_RETURN(again.wrapped, WrapKek(root, material, context, deadline));
  return store.RewrapKeks(std::span(&again, 1), deadline).status();
}

}  // namespace fieldkms
