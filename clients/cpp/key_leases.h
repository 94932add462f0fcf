// KeyLeases: the leases of one key that a process holds. Internal to clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_KEY_LEASES_H_
#define FIELDKMS_CLIENTS_CPP_KEY_LEASES_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "clients/cpp/flights.h"
#include "clients/cpp/held_lease.h"
#include "clients/cpp/lease_environment.h"
#include "clients/cpp/lease_transport.h"
#include "clients/cpp/local_crypto.h"

namespace fieldkms {

class LeaseKeeper;

// What all keys of a LocalCrypto stand on. Nothing is owned; all of it outlives them.
struct LeaseContext {
  LeaseTransport& transport;
  LeaseEnvironment& environment;
  const LocalCryptoOptions& options;
  LeaseKeeper& keeper;
};

using LeasePtr = std::shared_ptr<HeldLease>;

// LeaseSet: the leases of one moment, all of one key. Immutable.
struct LeaseSet {
  LeasePtr seal;               // to seal, and to open what its version sealed; or null
  std::vector<LeasePtr> open;  // to open only, one a version

  // A lease that opens a version at `now`, or null.
  HeldLease* Opener(uint32_t version, LeaseTime now) const;
  // Any of them, or null: they are of the same key.
  const HeldLease* Any() const;
};

// Whether an error is the service's decision, which asking again soon will not change.
bool IsRefusal(const absl::Status& status);
// The error of whoever comes after LocalCrypto::Close.
absl::Status LocalCryptoClosed();

// Thread-safe. Methods that ask the service block as a call of Client does, and hold no
// lock meanwhile.
class KeyLeases {
 public:
  // `name`: the key's own or an alias.
  KeyLeases(LeaseContext& context, std::string tenant, std::string name)
      : context_(context), tenant_(std::move(tenant)), name_(std::move(name)) {}

  const std::string& tenant() const { return tenant_; }
  const std::string& name() const { return name_; }

  // The current set, and the number of that set, which changes with it: whoever keeps both
  // needs to look again only when epoch() is another.
  uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
  std::shared_ptr<const LeaseSet> Current(uint64_t* epoch) const;

  // Whether TakeAll was called.
  bool closed() const;

  // See to it that there is a lease to seal that is another than `seen` or can seal again,
  // or one that opens `version`. Errors: those of the service; LocalCryptoClosed.
  absl::Status EnsureSeal(const HeldLease* seen);
  absl::Status EnsureOpen(uint32_t version);

  // For the keeper. Without I/O: takes out what has ended, wipes it, and returns it.
  std::vector<LeasePtr> TakeEnded(LeaseTime now);
  // The leases that are due by `now`.
  std::vector<LeasePtr> Due(LeaseTime now) const;
  // Renews a lease that is due, or gives it back if nobody used it, or replaces it. Takes no
  // longer than `timeout` for a request: where a caller is at the same, it is put off.
  void Tend(const LeasePtr& lease, LeaseTransport::Timeout timeout);
  // When the keeper is needed next; and when the next lease ends.
  LeaseTime NextDue() const;
  LeaseTime NextEnd() const;
  // Takes all out, wipes them, and takes no more.
  std::vector<LeasePtr> TakeAll();

 private:
  struct Refusal {
    absl::Status status;
    LeaseTime until;
  };

  std::vector<LeasePtr> All() const;
  absl::Status Acquire(bool seal, uint32_t version, LeaseTransport::Timeout timeout);
  absl::Status Renew(const LeasePtr& lease, LeaseTransport::Timeout timeout);
  absl::Status Replace(const LeasePtr& lease, LeaseTransport::Timeout timeout);
  absl::Status Insert(const LeasePtr& lease);
  // Publishes a set with `lease`, and returns what it replaces. Needs mutex_.
  std::vector<LeasePtr> PutIn(const LeasePtr& lease);
  void Drop(const LeasePtr& lease);
  void GiveBack(const std::vector<LeasePtr>& leases);
  // Takes those out of `set` of which `out` is true, and returns them.
  template <class Out>
  static std::vector<LeasePtr> Remove(LeaseSet& set, Out out);
  // Needs mutex_.
  void Publish(LeaseSet set);

  absl::Status Remembered(uint32_t what);
  void Remember(uint32_t what, const absl::Status& status);

  LeaseContext& context_;
  const std::string tenant_, name_;
  Flights flights_;  // by version; kSealFlight

  std::atomic<uint64_t> epoch_{1};
  mutable std::mutex mutex_;  // guards what follows; not held across I/O
  std::shared_ptr<const LeaseSet> set_ = std::make_shared<const LeaseSet>();
  std::map<uint32_t, Refusal> refusals_;  // by version, as flights
  bool closed_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_KEY_LEASES_H_
