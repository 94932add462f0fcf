#include "kms/keyring/root_binding.h"

#include <chrono>
#include <optional>
#include <string>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr char kBindingContext[] = "fieldkms/store/1";
constexpr size_t kBindingSize = 32;
// A start that cannot reach its root or store says so, rather than hang.
constexpr std::chrono::seconds kPatience{30};

absl::Status CheckBinding(const RootKey& root, const std::string& binding, Deadline deadline) {
  absl::Status status = root.Unwrap(binding, kBindingContext, deadline).status();
  if (ReasonOf(status) != Reason::kRootWrongKey) return status;
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "the root key (" + root.Describe() +
                   ") is not the one that this key store was made with: start with that root key, "
                   "or restore it from its backup; without it no value of this store can be read");
}

absl::Status MakeBinding(Store& store, const RootKey& root, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto tenants, store.ListTenants("", 1, deadline));
  if (!tenants.empty()) {
    return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
                 "the key store has tenants but has lost its tie to a root key; restore it from a "
                 "backup");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes random, SecretBytes::Random(kBindingSize));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string binding,
                            root.Wrap(random, kBindingContext, deadline));
  absl::Status status = store.SetRootBinding("", binding, deadline);
  if (!absl::IsAlreadyExists(status)) return status;
  // Another process has made one just now.
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> other, store.GetRootBinding(deadline));
  return CheckBinding(root, other.value_or(""), deadline);
}

}  // namespace

absl::Status TieStoreToRoot(Store& store, const RootKey& root, const Clock& clock) {
  const Deadline deadline = clock.Steady() + kPatience;
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string> binding,
                            store.GetRootBinding(deadline));
  return binding ? CheckBinding(root, *binding, deadline) : MakeBinding(store, root, deadline);
}

}  // namespace fieldkms
