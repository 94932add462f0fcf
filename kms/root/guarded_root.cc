#include "kms/root/guarded_root.h"

#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

// What a call works on: its own, as its caller may leave before it ends.
struct WrapWork {
  SecretBytes key;
  std::string context;
  std::string wrapped;
};

struct UnwrapWork {
  std::string wrapped;
  std::string context;
  SecretBytes key;
};

}  // namespace

GuardedRoot::GuardedRoot(std::unique_ptr<RootKey> root, GuardOptions options, const Clock& clock)
    : root_(std::move(root)),
      guard_(std::make_unique<CallGuard>(root_->Describe(), std::move(options), clock)) {}

absl::StatusOr<std::string> GuardedRoot::Wrap(const SecretBytes& key, std::string_view context,
                                              Deadline deadline) const {
  auto work = std::make_shared<WrapWork>();
  FIELDKMS_ASSIGN_OR_RETURN(work->key, SecretBytes::CopyOf(key.Expose()));
  work->context = context;
  const auto call = [root = root_.get(), work](Deadline end) {
    auto wrapped = root->Wrap(work->key, work->context, end);
    if (wrapped.ok()) work->wrapped = *std::move(wrapped);
    return wrapped.status();
  };
  FIELDKMS_RETURN_IF_ERROR(guard_->Run(call, deadline));
  return std::move(work->wrapped);
}

absl::StatusOr<SecretBytes> GuardedRoot::Unwrap(std::string_view wrapped, std::string_view context,
                                                Deadline deadline) const {
  auto work = std::make_shared<UnwrapWork>();
  work->wrapped = wrapped;
  work->context = context;
  const auto call = [root = root_.get(), work](Deadline end) {
    auto key = root->Unwrap(work->wrapped, work->context, end);
    if (key.ok()) work->key = *std::move(key);
    return key.status();
  };
  FIELDKMS_RETURN_IF_ERROR(guard_->Run(call, deadline));
  return std::move(work->key);
}

}  // namespace fieldkms
