#include "clients/cpp/held_lease.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// No policy allows more: an answer that says so does not make it longer.
constexpr std::chrono::hours kLongest{1};

absl::Status NoSense() {
  return Error(absl::StatusCode::kInternal, Reason::kInternal,
               "the service answered with a lease that makes no sense");
}

absl::StatusOr<EnvelopeHeader> HeaderOf(const v1::Lease& lease) {
  constexpr size_t kDigits = 16;
  constexpr int kHex = 16;
  EnvelopeHeader header;
  header.suite = static_cast<Suite>(lease.suite());
  header.version = lease.version();
  const std::string& id = lease.key_id();
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), header.key_id, kHex);
  const bool known_suite =
      lease.suite() == v1::SUITE_XAES_256_GCM || lease.suite() == v1::SUITE_KC_XAES_256_GCM;
  if (id.size() != kDigits || error != std::errc() || end != id.data() + id.size() ||
      header.key_id == 0 || header.version == 0 || !known_suite) {
    return NoSense();
  }
  return header;
}

std::chrono::nanoseconds Remaining(const v1::Lease& lease) {
  const int64_t most = std::chrono::seconds(kLongest).count();
  const auto seconds =
      std::chrono::seconds(std::clamp<int64_t>(lease.remaining().seconds(), 0, most));
  return std::min<std::chrono::nanoseconds>(
      seconds + std::chrono::nanoseconds(std::max(lease.remaining().nanos(), 0)), kLongest);
}

// Without overflow.
uint64_t Sum(uint64_t a, uint64_t b) {
  return b > std::numeric_limits<uint64_t>::max() - a ? std::numeric_limits<uint64_t>::max()
                                                      : a + b;
}

}  // namespace

HeldLease::HeldLease(const v1::Lease& lease, EnvelopeHeader header, XaesKey key)
    : id_(lease.lease_id()),
      key_name_(lease.key()),
      header_(header),
      seals_(lease.use() == v1::LEASE_USE_ENCRYPT_AND_DECRYPT),
      key_(std::move(key)) {}

absl::StatusOr<std::shared_ptr<HeldLease>> HeldLease::Create(
    const v1::AcquireLeaseResponse& response, LeaseTime asked, double jitter) {
  if (response.material().size() != kXaesKeySize) return NoSense();
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeHeader header, HeaderOf(response.lease()));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes material,
                            SecretBytes::CopyOf(AsBytes(response.material())));
  FIELDKMS_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Create(std::move(material)));
  std::shared_ptr<HeldLease> held(new HeldLease(response.lease(), header, std::move(key)));
  held->Renewed(response.lease(), asked, 0, jitter);
  return held;
}

HeldLease::Taken HeldLease::TakeMessage() {
  uint64_t sealed = sealed_.load(std::memory_order_relaxed);
  do {
    if (sealed >= most_.load(std::memory_order_relaxed)) return Taken::kNone;
  } while (!sealed_.compare_exchange_weak(sealed, sealed + 1, std::memory_order_relaxed));
  if (sealed + 1 < few_.load(std::memory_order_relaxed)) return Taken::kOne;
  if (few_told_.load(std::memory_order_relaxed) || few_told_.exchange(true)) return Taken::kOne;
  return Taken::kOneAndFewAreLeft;
}

bool HeldLease::CanSeal(LeaseTime now) const {
  return seals_ && !Ended(now) && sealed_.load() < most_.load();
}

void HeldLease::Renewed(const v1::Lease& lease, LeaseTime asked, uint64_t used, double jitter) {
  constexpr double kDueAt = 2.0 / 3, kJitter = 0.1;
  const std::chrono::nanoseconds remaining = Remaining(lease);
  const auto due = std::chrono::nanoseconds(
      static_cast<int64_t>(static_cast<double>(remaining.count()) * (kDueAt - kJitter * jitter)));
  term_began_.store(Rep(asked));
  due_.store(Rep(asked + due));
  end_.store(Rep(asked + remaining));
  const uint64_t granted = lease.max_messages();
  few_.store(Sum(used, granted - granted / 3));
  most_.store(Sum(used, granted));
  few_told_.store(false);
}

void HeldLease::Close() {
  uint64_t users = users_.fetch_or(kClosed);
  if ((users & kClosed) != 0) return;
  for (users = users_.load(); users != kClosed; users = users_.load()) users_.wait(users);
  key_.reset();
  ForgetDerivedKeys();
}

}  // namespace fieldkms
