#include "kms/keyring/root_binding.h"

#include <optional>
#include <string>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kBindingSize = 32;

absl::Status BindingLost() {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               "the key store has tenants but has lost its tie to a root key; restore it from a "
               "backup");
}

}  // namespace

absl::Status RootBinding::Tie(Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> binding,
                            store_.GetRootBinding(deadline));
  if (!binding) return Make(deadline);
  const absl::Status status = Open(*binding, deadline);
  const bool down = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  return down ? absl::OkStatus() : status;
}

absl::Status RootBinding::Check(Deadline deadline) {
  if (checked_.load()) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> binding,
                            store_.GetRootBinding(deadline));
  return binding ? Open(*binding, deadline) : BindingLost();
}

absl::Status RootBinding::Rewrap(Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> old, store_.GetRootBinding(deadline));
  if (!old) return BindingLost();
  FIELDKMS_RETURN_IF_ERROR(Open(*old, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes value,
                            root_.Unwrap(*old, kRootBindingContext, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string binding,
                            root_.Wrap(value, kRootBindingContext, deadline));
  FIELDKMS_RETURN_IF_ERROR(Open(binding, deadline));
  const absl::Status status = store_.SetRootBinding(*old, binding, deadline);
  // Another replica has done it meanwhile.
  return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
}

absl::Status RootBinding::Open(const std::string& binding, Deadline deadline) {
  const absl::Status status = root_.Unwrap(binding, kRootBindingContext, deadline).status();
  if (status.ok()) checked_.store(true);
  if (ReasonOf(status) != Reason::kRootWrongKey) return status;
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "the root key (" + root_.Describe() +
                   ") is not the one that this key store was made with: start with that root key, "
                   "or restore it from its backup; without it no value of this store can be read");
}

absl::Status RootBinding::Make(Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto tenants, store_.ListTenants("", 1, deadline));
  if (!tenants.empty()) return BindingLost();
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes random, SecretBytes::Random(kBindingSize));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string binding,
                            root_.Wrap(random, kRootBindingContext, deadline));
  absl::Status status = store_.SetRootBinding("", binding, deadline);
  if (status.ok()) checked_.store(true);
  // Another process may have made one just now.
  return absl::IsAlreadyExists(status) ? Check(deadline) : status;
}

}  // namespace fieldkms
