// A double of the service's side of leases, and of the clock that a holder of them has. What
// the real service does with leases is tested in tests/integration/server.
#ifndef FIELDKMS_TESTS_UNIT_CLIENTS_CPP_FAKE_LEASES_H_
#define FIELDKMS_TESTS_UNIT_CLIENTS_CPP_FAKE_LEASES_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/lease_environment.h"
#include "clients/cpp/lease_transport.h"
#include "crypto/names.h"

namespace fieldkms::testing {

// A clock that stands until a test moves it. Thread-safe.
class FakeEnvironment final : public LeaseEnvironment {
 public:
  LeaseTime Now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  double Jitter() override { return 0; }
  void Wait(std::condition_variable& woken, std::unique_lock<std::mutex>& lock,
            LeaseTime until) override {
    {
      const std::lock_guard own(mutex_);
      if (now_ >= until) return;
      sleeper_ = {&woken, lock.mutex()};
      asleep_ = true;
    }
    slept_.notify_all();
    woken.wait(lock);
    const std::lock_guard own(mutex_);
    sleeper_ = {};
    asleep_ = false;
  }

  // Time passes; the thread that waits is woken.
  void Advance(std::chrono::nanoseconds by) {
    Sleeper sleeper;
    {
      const std::lock_guard lock(mutex_);
      now_ += std::chrono::duration_cast<LeaseTime::duration>(by);
      sleeper = sleeper_;
      asleep_ = false;
    }
    if (sleeper.woken == nullptr) return;
    // Whoever looked at the time before it passed is asleep once this lock is had.
    const std::lock_guard lock(*sleeper.mutex);
    sleeper.woken->notify_all();
  }
  // Returns when the thread has nothing to do at this time; fails the test where it hangs.
  void AwaitSleep() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(slept_.wait_for(lock, std::chrono::minutes(1), [this] { return asleep_; }));
  }

 private:
  struct Sleeper {
    std::condition_variable* woken = nullptr;
    std::mutex* mutex = nullptr;
  };
  std::mutex mutex_;
  std::condition_variable slept_;
  LeaseTime now_{std::chrono::hours(1)};
  Sleeper sleeper_;
  bool asleep_ = false;
};

// Holdup holds up the first request that comes; later ones pass. Outlives its hook.
class Holdup {
 public:
  std::function<void()> Hook() {
    return [this] {
      if (came_.exchange(true)) return;
      asked_.set_value();
      answer_.get_future().wait();
    };
  }
  void AwaitRequest() { asked_.get_future().wait(); }
  void Answer() { answer_.set_value(); }

 private:
  std::atomic<bool> came_{false};
  std::promise<void> asked_, answer_;
};

// What the service would say; the test scripts it. Thread-safe.
class FakeLeases {
 public:
  using Timeout = LeaseTransport::Timeout;

  // Errors for the next calls of a method ("Acquire", "Renew", "End"), one a call; then
  // what `always` says.
  void Fail(const std::string& method, absl::Status status) {
    const std::lock_guard lock(mutex_);
    failures_[method].push_back(std::move(status));
  }
  void FailAlways(const std::string& method, absl::Status status) {
    const std::lock_guard lock(mutex_);
    always_[method] = std::move(status);
  }

  absl::StatusOr<v1::AcquireLeaseResponse> Acquire(const v1::AcquireLeaseRequest& request,
                                                   Timeout timeout) {
    if (on_acquire) on_acquire();
    const std::lock_guard lock(mutex_);
    acquired_.push_back(request);
    timeouts_["Acquire"].push_back(timeout);
    if (absl::Status status = Next("Acquire"); !status.ok()) return status;
    const bool seals = request.use() == v1::LEASE_USE_ENCRYPT_AND_DECRYPT;
    const uint32_t version = request.version() != 0 ? request.version() : primary;
    if (version > primary) {
      return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "no version", "version");
    }
    v1::AcquireLeaseResponse response;
    v1::Lease& lease = *response.mutable_lease();
    lease.set_lease_id("lease-" + std::to_string(acquired_.size()));
    lease.set_tenant(request.tenant());
    lease.set_key(key);
    lease.set_key_id(FormatKeyId(key_id));
    lease.set_version(version);
    lease.set_use(request.use());
    lease.set_suite(suite);
    Extend(&lease, seals);
    response.set_material(Material(version));
    given_[lease.lease_id()] = lease;
    return response;
  }
  absl::StatusOr<v1::Lease> Renew(const v1::RenewLeaseRequest& request, Timeout timeout) {
    if (on_renew) on_renew();
    const std::lock_guard lock(mutex_);
    renewed_.push_back(request);
    timeouts_["Renew"].push_back(timeout);
    if (absl::Status status = Next("Renew"); !status.ok()) return status;
    v1::Lease& lease = given_[request.lease_id()];
    const bool seals = lease.use() == v1::LEASE_USE_ENCRYPT_AND_DECRYPT;
    if (seals && lease.version() != primary) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kLeaseDenied, "rotated");
    }
    Extend(&lease, seals);
    return lease;
  }
  absl::StatusOr<v1::Lease> End(const v1::EndLeaseRequest& request, Timeout timeout) {
    const std::lock_guard lock(mutex_);
    ended_.push_back(request);
    timeouts_["End"].push_back(timeout);
    if (absl::Status status = Next("End"); !status.ok()) return status;
    return given_[request.lease_id()];
  }
  absl::StatusOr<v1::EncryptResponse> Encrypt(const v1::EncryptRequest& request) {
    const std::lock_guard lock(mutex_);
    ++encrypted_;
    if (absl::Status status = Next("Encrypt"); !status.ok()) return status;
    v1::EncryptResponse response;
    response.set_ciphertext("by the service:" + request.plaintext());
    response.set_key_version(primary);
    return response;
  }
  absl::StatusOr<v1::DecryptResponse> Decrypt(const v1::DecryptRequest& request) {
    const std::lock_guard lock(mutex_);
    ++decrypted_;
    if (absl::Status status = Next("Decrypt"); !status.ok()) return status;
    v1::DecryptResponse response;
    response.set_plaintext("opened by the service for " + request.key());
    response.set_key_version(primary);
    return response;
  }

  std::vector<v1::AcquireLeaseRequest> acquired() const { return Copy(acquired_); }
  std::vector<v1::RenewLeaseRequest> renewed() const { return Copy(renewed_); }
  std::vector<v1::EndLeaseRequest> ended() const { return Copy(ended_); }
  // How long each call of a method might take; none: as long as the client's own calls.
  std::vector<Timeout> timeouts(const std::string& method) const { return Copy(timeouts_)[method]; }
  int encrypted() const { return Copy(encrypted_); }
  int decrypted() const { return Copy(decrypted_); }

  // Of the one key. Set before it is used, or while nothing asks.
  std::string key = "k";
  uint64_t key_id = 0x1122334455667788;
  uint32_t primary = 1;
  v1::Suite suite = v1::SUITE_KC_XAES_256_GCM;
  std::chrono::seconds time{300};
  uint64_t messages = 1'000'000;
  std::function<void()> on_acquire, on_renew;  // without any lock

  std::string Material(uint32_t version) const {
    return std::string(32, static_cast<char>(key_id + version));
  }

 private:
  template <class T>
  T Copy(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  absl::Status Next(const std::string& method) {
    auto& failures = failures_[method];
    if (failures.empty()) return always_[method];
    absl::Status status = std::move(failures.front());
    failures.pop_front();
    return status;
  }
  void Extend(v1::Lease* lease, bool seals) const {
    lease->mutable_remaining()->set_seconds(time.count());
    lease->set_max_messages(seals ? messages : 0);
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::deque<absl::Status>> failures_;
  std::map<std::string, absl::Status> always_;
  std::map<std::string, v1::Lease> given_;
  std::vector<v1::AcquireLeaseRequest> acquired_;
  std::vector<v1::RenewLeaseRequest> renewed_;
  std::vector<v1::EndLeaseRequest> ended_;
  std::map<std::string, std::vector<Timeout>> timeouts_;
  int encrypted_ = 0, decrypted_ = 0;
};

class FakeTransport final : public LeaseTransport {
 public:
  explicit FakeTransport(FakeLeases& leases) : leases_(leases) {}
  absl::StatusOr<v1::AcquireLeaseResponse> Acquire(const v1::AcquireLeaseRequest& request,
                                                   Timeout timeout) override {
    return leases_.Acquire(request, timeout);
  }
  absl::StatusOr<v1::Lease> Renew(const v1::RenewLeaseRequest& request, Timeout timeout) override {
    return leases_.Renew(request, timeout);
  }
  absl::StatusOr<v1::Lease> End(const v1::EndLeaseRequest& request, Timeout timeout) override {
    return leases_.End(request, timeout);
  }
  absl::StatusOr<v1::EncryptResponse> Encrypt(const v1::EncryptRequest& request) override {
    return leases_.Encrypt(request);
  }
  absl::StatusOr<v1::DecryptResponse> Decrypt(const v1::DecryptRequest& request) override {
    return leases_.Decrypt(request);
  }

 private:
  FakeLeases& leases_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_CLIENTS_CPP_FAKE_LEASES_H_
