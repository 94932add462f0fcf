// HeldLease: a lease in the holder's hands. Internal to clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_HELD_LEASE_H_
#define FIELDKMS_CLIENTS_CPP_HELD_LEASE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/lease_environment.h"
#include "crypto/envelope.h"
#include "crypto/xaes_gcm.h"
#include "fieldkms/v1/lease_service.pb.h"

namespace fieldkms {

// Thread-safe. What it costs a call to use: three atomic additions.
class HeldLease {
 public:
  // Create takes what the service answered to a request that was sent at `asked`; the
  // caller wipes the response. `jitter`: see Renewed. Errors: kInternal for an answer that
  // makes no sense; kMemoryLock.
  static absl::StatusOr<std::shared_ptr<HeldLease>> Create(const v1::AcquireLeaseResponse& response,
                                                           LeaseTime asked, double jitter);

  const std::string& id() const { return id_; }
  const std::string& key_name() const { return key_name_; }  // the key's own
  // What it seals and opens: suite, key and version.
  const EnvelopeHeader& header() const { return header_; }
  bool seals() const { return seals_; }

  // Use: as long as one lives the material is not wiped. False where the lease has ended
  // or is closed. Keep it for computing only.
  class Use {
   public:
    Use(HeldLease& lease, LeaseTime now) : lease_(lease), entered_(lease.Enter(now)) {}
    ~Use() {
      if (entered_) lease_.Leave();
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    explicit operator bool() const { return entered_; }
    const XaesKey& key() const { return *lease_.key_; }

   private:
    HeldLease& lease_;
    const bool entered_;
  };

  // TakeMessage takes one of the messages that may be sealed. They are never more than the
  // service granted, whatever threads race for the last ones.
  enum class Taken { kNone, kOne, kOneAndFewAreLeft };  // the last once a term
  Taken TakeMessage();

  bool Ended(LeaseTime now) const { return Rep(now) >= end_.load(std::memory_order_relaxed); }
  // Whether it can seal: not ended, and messages are left.
  bool CanSeal(LeaseTime now) const;
  uint64_t sealed() const { return sealed_.load(); }
  LeaseTime end() const { return FromRep(end_.load()); }
  LeaseTime last_used() const { return FromRep(used_at_.load(std::memory_order_relaxed)); }
  // Whether it was used since it was acquired or renewed.
  bool IsInUse() const { return used_at_.load() >= term_began_.load(); }

  // When to renew it, and putting that off.
  LeaseTime due() const { return FromRep(due_.load()); }
  void PutOff(LeaseTime until) { due_.store(Rep(until)); }

  // Renewed begins the next term, as the service answered to a request sent at `asked` that
  // reported `used` messages: what was sealed since counts as of the new term. It is due
  // again at two thirds, less up to a tenth by `jitter` in [0, 1).
  void Renewed(const v1::Lease& lease, LeaseTime asked, uint64_t used, double jitter);

  // Close ends all use, waits for what is under way, and wipes the material; the second
  // call does nothing.
  void Close();

 private:
  static constexpr uint64_t kClosed = uint64_t{1} << 63;

  HeldLease(const v1::Lease& lease, EnvelopeHeader header, XaesKey key);
  static int64_t Rep(LeaseTime time) { return time.time_since_epoch().count(); }
  static LeaseTime FromRep(int64_t rep) { return LeaseTime(LeaseTime::duration(rep)); }

  bool Enter(LeaseTime now) {
    if (Ended(now)) return false;
    if ((users_.fetch_add(1, std::memory_order_acquire) & kClosed) != 0) {
      Leave();
      return false;
    }
    used_at_.store(Rep(now), std::memory_order_relaxed);
    return true;
  }
  void Leave() {
    if ((users_.fetch_sub(1, std::memory_order_release) & kClosed) != 0) users_.notify_all();
  }

  const std::string id_;
  const std::string key_name_;
  const EnvelopeHeader header_;
  const bool seals_;
  std::optional<XaesKey> key_;  // until it is closed

  std::atomic<uint64_t> users_{0};  // and kClosed
  std::atomic<uint64_t> sealed_{0};
  std::atomic<int64_t> used_at_{0};
  std::atomic<uint64_t> most_{0};  // that sealed_ may come to
  std::atomic<uint64_t> few_{0};   // from here on few are left
  std::atomic<bool> few_told_{false};
  std::atomic<int64_t> term_began_{0}, end_{0}, due_{0};
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_HELD_LEASE_H_
