// Who calls, what may they do, and how fast: the three questions that the call
// wrapper asks of every call. All implementations are thread-safe and answer without I/O; what they
// answer without allocation or lock, too, but for callers from a network (kms/identity).
#ifndef FIELDKMS_KMS_ACCESS_ACCESS_H_
#define FIELDKMS_KMS_ACCESS_ACCESS_H_

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/field/mask.h"
#include "kms/access/action.h"
#include "kms/access/caller.h"

namespace fieldkms {

// Principal: a caller known by name. Lives as long as the authenticator that
// knows it.
struct Principal {
  std::string name;
  size_t index = 0;  // its place among all principals
  std::vector<std::string> roles = {};
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Authenticate returns the principal that `caller` is, never null. Error: kUnauthenticated, if it
  // is none; the message is for the caller.
  virtual absl::StatusOr<const Principal*> Authenticate(const Caller& caller) const = 0;
};

// Denies by default: only what a rule allows is allowed.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // Whether `who` may do `action` on what it is on (TargetOf): the key or field `name` of a
  // tenant. Actions on tenants themselves have the name "".
  virtual bool Allows(const Principal& who, Action action, std::string_view tenant,
                      std::string_view name) const = 0;
  // How much of a field's values `who` may see by `action` (kFieldReveal, kFieldDetokenize): the
  // most that a rule says which allows that on it; kMasked where none does.
  virtual MaskLevel MayView(const Principal& who, Action action, std::string_view tenant,
                            std::string_view field) const = 0;
  // Whether there is any key or field, real or not, of the tenant for which Allows is true.
  virtual bool AllowsSome(const Principal& who, Action action, std::string_view tenant) const = 0;
  // Whether there is any tenant, real or not, for which AllowsSome is true.
  virtual bool AllowsAnywhere(const Principal& who, Action action) const = 0;
};

class Limiter {
 public:
  virtual ~Limiter() = default;
  // Take charges `cost` items to `who`: zero if within the limit, else how long
  // to wait, with nothing charged.
  virtual std::chrono::nanoseconds Take(const Principal& who, double cost,
                                        std::chrono::steady_clock::time_point now) = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_ACCESS_H_
