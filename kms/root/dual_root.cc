#include "kms/root/dual_root.h"

#include <fmt/format.h>

#include <utility>

#include "crypto/status.h"

namespace fieldkms {

DualRoot::DualRoot(std::unique_ptr<RootKey> new_root, std::unique_ptr<RootKey> old_root)
    : new_(std::move(new_root)), old_(std::move(old_root)) {}

std::string DualRoot::Describe() const {
  return fmt::format("{}, before it {}", new_->Describe(), old_->Describe());
}

absl::StatusOr<std::string> DualRoot::Wrap(const SecretBytes& key, std::string_view context,
                                           Deadline deadline) const {
  return new_->Wrap(key, context, deadline);
}

absl::StatusOr<SecretBytes> DualRoot::Unwrap(std::string_view wrapped, std::string_view context,
                                             Deadline deadline) const {
  auto key = new_->Unwrap(wrapped, context, deadline);
  if (ReasonOf(key.status()) != Reason::kRootWrongKey) return key;
  key = old_->Unwrap(wrapped, context, deadline);
  if (ReasonOf(key.status()) != Reason::kRootWrongKey) return key;
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "neither the new root key nor the old one wrapped that key for that use");
}

absl::StatusOr<bool> DualRoot::IsOld(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const {
  const absl::Status status = new_->Unwrap(wrapped, context, deadline).status();
  if (ReasonOf(status) == Reason::kRootWrongKey) return true;
  FIELDKMS_RETURN_IF_ERROR(status);
  return false;
}

}  // namespace fieldkms
