// A root key behind a circuit breaker and a bulkhead: for roots across a network or
// a driver, which may be down, slow or hang.
#ifndef FIELDKMS_KMS_ROOT_GUARDED_ROOT_H_
#define FIELDKMS_KMS_ROOT_GUARDED_ROOT_H_

#include <functional>
#include <memory>
#include <string>

#include "kms/root/call_guard.h"
#include "kms/root/root_health.h"
#include "kms/root/root_key.h"

namespace fieldkms {

// GuardedRoot passes calls on to another root. On top of that root's errors,
//   kUnavailable, reason kRootUnavailable, at once while it is known to be down, and
//   where it did not answer in GuardOptions::call_timeout;
//   kDeadlineExceeded, reason kDeadlineExceeded, at the caller's deadline, even if the
//   root hangs or all its calls are taken.
//
// The breaker opens when calls fail by kUnavailable, kDeadlineExceeded or time-out, and
// closes when one is answered by a key or kRootWrongKey. Any other error says nothing
// of whether the root is there, and does not count. It recovers with the next calls;
// there is no call of its own.
//
// A root that hangs beyond its deadline keeps the thread of its call, and the place
// among `max_in_flight`: it never gets more calls than that.
class GuardedRoot final : public RootKey {
 public:
  // `clock` outlives this object.
  GuardedRoot(std::unique_ptr<RootKey> root, GuardOptions options, const Clock& clock);

  std::string Describe() const override { return root_->Describe(); }
  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline deadline) const override;
  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const override;

  RootHealth Health() const { return guard_->Health(); }

 private:
  const std::unique_ptr<const RootKey> root_;
  const std::unique_ptr<CallGuard> guard_;  // Below root_: its calls end first.
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_GUARDED_ROOT_H_
