// Who calls, what may they do, and how fast: the three questions that the call
// wrapper asks of every call. All implementations are thread-safe and answer
// without allocation, lock or I/O.
#ifndef FIELDKMS_KMS_ACCESS_ACCESS_H_
#define FIELDKMS_KMS_ACCESS_ACCESS_H_

#include <chrono>
#include <string>
#include <string_view>

#include "kms/access/action.h"
#include "kms/access/peer.h"

namespace fieldkms {

// Principal: a caller known by name. Lives as long as the authenticator that
// knows it.
struct Principal {
  std::string name;
  size_t index = 0;  // its place among all principals
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Authenticate returns the principal that `peer` is, or null if it is none.
  virtual const Principal* Authenticate(const Peer& peer) const = 0;
};

// Denies by default: only what a rule allows is allowed.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // Whether `who` may do `action` on a key of a tenant. Actions on tenants
  // themselves have the key "".
  virtual bool Allows(const Principal& who, Action action, std::string_view tenant,
                      std::string_view key) const = 0;
  // Whether there is any key, real or not, of the tenant for which Allows is true.
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
