#include "clients/cpp/key_leases.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "clients/cpp/lease_keeper.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint32_t kSealFlight = 0;  // no version
// With `fallback`, how long calls go to the service without asking for a lease first: after
// a refusal, and after it could not just then.
constexpr std::chrono::seconds kRefusalLasts{30};
constexpr std::chrono::seconds kTroubleLasts{1};
constexpr size_t kMostRefusals = 64;
// A renewal that failed is tried again after a quarter of what is left.
// One that a caller is at already is looked at again after the shortest time.
constexpr int kRetryPart = 4;
constexpr std::chrono::milliseconds kRetrySoonest{100};

bool SaidByTheService(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  return reason != Reason::kUnspecified && reason != Reason::kDeadlineExceeded;
}

}  // namespace

bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

absl::Status LocalCryptoClosed() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kInternal, "LocalCrypto is closed");
}

HeldLease* LeaseSet::Opener(uint32_t version, LeaseTime now) const {
  const auto opens = [&](const LeasePtr& lease) {
    return lease != nullptr && lease->header().version == version && !lease->Ended(now);
  };
  if (opens(seal)) return seal.get();
  const auto found = std::find_if(open.begin(), open.end(), opens);
  return found == open.end() ? nullptr : found->get();
}

const HeldLease* LeaseSet::Any() const {
  if (seal != nullptr) return seal.get();
  return open.empty() ? nullptr : open.front().get();
}

bool KeyLeases::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::shared_ptr<const LeaseSet> KeyLeases::Current(uint64_t* epoch) const {
  const std::lock_guard lock(mutex_);
  *epoch = epoch_.load(std::memory_order_relaxed);
  return set_;
}

std::vector<LeasePtr> KeyLeases::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<LeasePtr> all = set_->open;
  if (set_->seal != nullptr) all.push_back(set_->seal);
  return all;
}

absl::Status KeyLeases::EnsureSeal(const HeldLease* seen) {
  return flights_.Do(kSealFlight, [&]() -> absl::Status {
    uint64_t epoch = 0;
    const LeasePtr lease = Current(&epoch)->seal;
    const LeaseTime now = context_.environment.Now();
    if (lease == nullptr || lease->Ended(now)) return Acquire(/*seal=*/true, 0, {});
    if (lease.get() != seen || lease->CanSeal(now)) return absl::OkStatus();
    return Renew(lease, {});  // its messages are used up
  });
}

absl::Status KeyLeases::EnsureOpen(uint32_t version) {
  return flights_.Do(version, [&]() -> absl::Status {
    uint64_t epoch = 0;
    const std::shared_ptr<const LeaseSet> set = Current(&epoch);
    if (set->Opener(version, context_.environment.Now()) != nullptr) return absl::OkStatus();
    return Acquire(/*seal=*/false, version, {});
  });
}

absl::Status KeyLeases::Acquire(bool seal, uint32_t version, LeaseTransport::Timeout timeout) {
  const uint32_t what = seal ? kSealFlight : version;
  FIELDKMS_RETURN_IF_ERROR(Remembered(what));
  const LocalCryptoOptions& options = context_.options;
  v1::AcquireLeaseRequest request;
  request.set_tenant(tenant_);
  request.set_key(name_);
  request.set_use(seal ? v1::LEASE_USE_ENCRYPT_AND_DECRYPT : v1::LEASE_USE_DECRYPT);
  request.set_version(version);
  request.mutable_duration()->set_seconds(options.lease_time.count());
  if (seal) request.set_max_messages(options.lease_messages);
  const LeaseTime asked = context_.environment.Now();
  absl::StatusOr<v1::AcquireLeaseResponse> response = context_.transport.Acquire(request, timeout);
  if (!response.ok()) {
    Remember(what, response.status());
    return response.status();
  }
  const WipeGuard guard(&*response);
  FIELDKMS_ASSIGN_OR_RETURN(const LeasePtr lease,
                            HeldLease::Create(*response, asked, context_.environment.Jitter()));
  if (lease->seals() != seal || (version != 0 && lease->header().version != version)) {
    return Bug("the service answered with another lease than was asked for");
  }
  return Insert(lease);
}

absl::Status KeyLeases::Renew(const LeasePtr& lease, LeaseTransport::Timeout timeout) {
  // What an alias points to may be another key by now: only acquiring tells.
  if (lease->key_name() != name_) return Replace(lease, timeout);
  v1::RenewLeaseRequest request;
  const LeaseTime asked = context_.environment.Now();
  const uint64_t used = lease->sealed();
  request.set_tenant(tenant_);
  request.set_lease_id(lease->id());
  request.set_used_messages(used);
  const absl::StatusOr<v1::Lease> renewed = context_.transport.Renew(request, timeout);
  if (renewed.ok()) {
    lease->Renewed(*renewed, asked, used, context_.environment.Jitter());
    context_.keeper.Poke();
    return absl::OkStatus();
  }
  if (!IsRefusal(renewed.status())) return renewed.status();
  switch (ReasonOf(renewed.status())) {
    case Reason::kLeaseDenied:  // the key has another primary version, or another policy
    case Reason::kLeaseExpired:
    case Reason::kLeaseNotFound:
      return Replace(lease, timeout);
    default:  // the right was withdrawn, or the version stopped: at once here, too
      Drop(lease);
      return renewed.status();
  }
}

absl::Status KeyLeases::Replace(const LeasePtr& lease, LeaseTransport::Timeout timeout) {
  absl::Status status =
      lease->seals() ? Acquire(true, 0, timeout) : Acquire(false, lease->header().version, timeout);
  if (IsRefusal(status)) Drop(lease);
  return status;
}

absl::Status KeyLeases::Insert(const LeasePtr& lease) {
  std::vector<LeasePtr> out;
  bool closed = false;
  {
    const std::lock_guard lock(mutex_);
    closed = closed_;
    out = closed ? std::vector{lease} : PutIn(lease);
  }
  GiveBack(out);
  if (closed) return LocalCryptoClosed();
  context_.keeper.Poke();
  return absl::OkStatus();
}

std::vector<LeasePtr> KeyLeases::PutIn(const LeasePtr& lease) {
  LeaseSet set = *set_;
  std::vector<LeasePtr> out = Remove(set, [&](const LeasePtr& other) {
    if (other->header().key_id != lease->header().key_id) return true;
    if (lease->seals()) return other->seals();
    return !other->seals() && other->header() == lease->header();
  });
  if (lease->seals()) {
    set.seal = lease;
  } else {
    set.open.push_back(lease);
  }
  if (set.open.size() > context_.options.most_versions) {
    const auto oldest = std::min_element(
        set.open.begin(), set.open.end() - 1,
        [](const LeasePtr& a, const LeasePtr& b) { return a->last_used() < b->last_used(); });
    out.push_back(*oldest);
    set.open.erase(oldest);
  }
  Publish(std::move(set));
  return out;
}

template <class Out>
std::vector<LeasePtr> KeyLeases::Remove(LeaseSet& set, Out out) {
  std::vector<LeasePtr> removed;
  if (set.seal != nullptr && out(set.seal)) removed.push_back(std::exchange(set.seal, nullptr));
  std::erase_if(set.open, [&](const LeasePtr& lease) {
    const bool goes = out(lease);
    if (goes) removed.push_back(lease);
    return goes;
  });
  return removed;
}

void KeyLeases::Publish(LeaseSet set) {
  set_ = std::make_shared<const LeaseSet>(std::move(set));
  epoch_.fetch_add(1, std::memory_order_release);
}

void KeyLeases::Drop(const LeasePtr& lease) {
  std::vector<LeasePtr> out;
  {
    const std::lock_guard lock(mutex_);
    LeaseSet set = *set_;
    out = Remove(set, [&](const LeasePtr& other) { return other == lease; });
    if (!out.empty()) Publish(std::move(set));
  }
  GiveBack(out);
}

void KeyLeases::GiveBack(const std::vector<LeasePtr>& leases) {
  for (const LeasePtr& lease : leases) {
    lease->Close();
    context_.keeper.GiveBack(tenant_, *lease);
  }
}

std::vector<LeasePtr> KeyLeases::TakeEnded(LeaseTime now) {
  std::vector<LeasePtr> out;
  {
    const std::lock_guard lock(mutex_);
    LeaseSet set = *set_;
    out = Remove(set, [now](const LeasePtr& lease) { return lease->Ended(now); });
    if (!out.empty()) Publish(std::move(set));
  }
  for (const LeasePtr& lease : out) lease->Close();
  return out;
}

std::vector<LeasePtr> KeyLeases::TakeAll() {
  std::vector<LeasePtr> out;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    LeaseSet set = *set_;
    out = Remove(set, [](const LeasePtr&) { return true; });
    Publish(std::move(set));
  }
  for (const LeasePtr& lease : out) lease->Close();
  return out;
}

std::vector<LeasePtr> KeyLeases::Due(LeaseTime now) const {
  std::vector<LeasePtr> all = All();
  std::erase_if(all, [now](const LeasePtr& lease) { return lease->due() > now; });
  return all;
}

LeaseTime KeyLeases::NextDue() const {
  LeaseTime next = LeaseTime::max();
  for (const LeasePtr& lease : All()) next = std::min({next, lease->due(), lease->end()});
  return next;
}

LeaseTime KeyLeases::NextEnd() const {
  LeaseTime next = LeaseTime::max();
  for (const LeasePtr& lease : All()) next = std::min(next, lease->end());
  return next;
}

void KeyLeases::Tend(const LeasePtr& lease, LeaseTransport::Timeout timeout) {
  if (!lease->IsInUse()) return Drop(lease);
  const uint32_t what = lease->seals() ? kSealFlight : lease->header().version;
  const std::optional<absl::Status> status = flights_.TryDo(what, [&]() -> absl::Status {
    // A caller may have been quicker.
    if (lease->due() > context_.environment.Now()) return absl::OkStatus();
    return Renew(lease, timeout);
  });
  if (status && status->ok()) return;
  const LeaseTime now = context_.environment.Now();
  // A caller is at it, and may wait for the service longer than other leases can. If it gets
  // an answer just now, the lease is renewed once more, which does no harm.
  if (!status) return lease->PutOff(now + kRetrySoonest);
  lease->PutOff(now +
                std::max<LeaseTime::duration>((lease->end() - now) / kRetryPart, kRetrySoonest));
}

absl::Status KeyLeases::Remembered(uint32_t what) {
  const std::lock_guard lock(mutex_);
  if (closed_) return LocalCryptoClosed();
  const auto found = refusals_.find(what);
  if (found == refusals_.end()) return absl::OkStatus();
  if (context_.environment.Now() < found->second.until) return found->second.status;
  refusals_.erase(found);
  return absl::OkStatus();
}

// Only where there is another way: else each call asks anew.
void KeyLeases::Remember(uint32_t what, const absl::Status& status) {
  if (!context_.options.fallback || !(IsRefusal(status) || SaidByTheService(status))) return;
  const LeaseTime now = context_.environment.Now();
  const std::lock_guard lock(mutex_);
  if (refusals_.size() >= kMostRefusals) refusals_.clear();
  refusals_[what] = {status, now + (IsRefusal(status) ? kRefusalLasts : kTroubleLasts)};
}

}  // namespace fieldkms
