#include "kms/root/call_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "crypto/status.h"
#include "kms/retry_after.h"

namespace fieldkms {
namespace {

using Verdict = CircuitBreaker::Verdict;

Verdict VerdictOf(const absl::Status& status) {
  if (status.ok() || ReasonOf(status) == Reason::kRootWrongKey) return Verdict::kAnswered;
  const bool failed = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  return failed ? Verdict::kFailed : Verdict::kNoVerdict;
}

absl::Status Unavailable(const std::string& message) {
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, message);
}

absl::Status DeadlinePassed(std::string_view where) {
  return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
               fmt::format("the deadline passed {}", where));
}

std::string TimeText(WallTime time) {
  const time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[sizeof "2026-01-01T00:00:00Z"];
  return {text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

CallGuard::CallGuard(std::string name, GuardOptions options, const Clock& clock)
    : name_(std::move(name)),
      options_(std::move(options)),
      clock_(clock),
      breaker_(options_.breaker, clock),
      told_(breaker_.epoch()),
      threads_(options_.max_in_flight) {}

absl::Status CallGuard::Run(Call call, Deadline deadline) {
  absl::StatusOr<FlightPtr> flight = Begin(deadline);
  TellOfChange();
  FIELDKMS_RETURN_IF_ERROR(flight.status());
  threads_.Run([this, flight = *flight, call = std::move(call)] { Fly(*flight, call); });
  absl::Status status = Await(**flight, deadline);
  TellOfChange();
  return status;
}

RootHealth CallGuard::Health() const {
  const std::lock_guard lock(mutex_);
  return HealthNow();
}

absl::StatusOr<CallGuard::FlightPtr> CallGuard::Begin(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (clock_.Steady() >= deadline) return DeadlinePassed("before the root key was asked");
  FIELDKMS_RETURN_IF_ERROR(AwaitRoom(lock, deadline));
  auto flight = std::make_shared<Flight>();
  flight->began = breaker_.Start();
  flight->must_end = clock_.Steady() + options_.call_timeout;
  flights_.push_back(flight);
  return flight;
}

// Waits until the breaker is not closed, which is answered at once, or a call may go.
absl::Status CallGuard::AwaitRoom(std::unique_lock<std::mutex>& lock, Deadline deadline) {
  const Deadline leave = WakeTime(clock_, deadline);
  while (true) {
    CountOverdue();
    if (!breaker_.Admits()) return Refusal();
    if (HasRoom()) return absl::OkStatus();
    if (breaker_.state() != BreakerState::kClosed) return Refusal();
    // A call may be overdue, and the breaker open, before any ends.
    const Deadline wake = std::min(leave, WakeTime(clock_, NextOverdue()));
    ++waiting_;
    const bool woken = changed_.wait_until(lock, wake) == std::cv_status::no_timeout;
    --waiting_;
    if (!woken && wake == leave) return DeadlinePassed("while others waited for the root key");
  }
}

void CallGuard::Fly(Flight& flight, const Call& call) {
  absl::Status status = call(flight.must_end);
  // Its deadline was ours, and says nothing of the caller's.
  if (absl::IsDeadlineExceeded(status)) status = TimedOut();
  {
    const std::lock_guard lock(mutex_);
    CountEnd(flight, status);
  }
  TellOfChange();
  {
    const std::lock_guard lock(mutex_);
    flight.status = std::move(status);
    flight.ended = true;
    std::erase_if(flights_, [&](const FlightPtr& other) { return other.get() == &flight; });
  }
  changed_.notify_all();
}

absl::Status CallGuard::Await(Flight& flight, Deadline deadline) {
  const bool overdue_first = flight.must_end <= deadline;
  std::unique_lock lock(mutex_);
  const Deadline until = WakeTime(clock_, std::min(flight.must_end, deadline));
  if (changed_.wait_until(lock, until, [&] { return flight.ended; })) {
    return std::move(flight.status);
  }
  if (!overdue_first) return DeadlinePassed("before the root key answered");
  CountEnd(flight, TimedOut());
  return TimedOut();
}

void CallGuard::TellOfChange() {
  RootHealth health;
  {
    const std::lock_guard lock(mutex_);
    if (told_ == breaker_.epoch()) return;
    told_ = breaker_.epoch();
    health = HealthNow();
  }
  if (options_.on_change) options_.on_change(health);
}

void CallGuard::CountEnd(Flight& flight, const absl::Status& status) {
  if (flight.counted) return;
  flight.counted = true;
  breaker_.End(flight.began, VerdictOf(status), ReasonOf(status));
}

void CallGuard::CountOverdue() {
  const Deadline now = clock_.Steady();
  for (const FlightPtr& flight : flights_) {
    if (flight->must_end <= now) CountEnd(*flight, TimedOut());
  }
}

// When the next call will be overdue, of those that are not yet.
Deadline CallGuard::NextOverdue() const {
  Deadline next = kNoDeadline;
  for (const FlightPtr& flight : flights_) {
    if (!flight->counted) next = std::min(next, flight->must_end);
  }
  return next;
}

RootHealth CallGuard::HealthNow() const {
  RootHealth health = breaker_.health();
  health.in_flight = static_cast<int>(flights_.size());
  health.waiting = waiting_;
  return health;
}

absl::Status CallGuard::Refusal() const {
  const RootHealth& health = breaker_.health();
  std::string text = fmt::format("the root key ({}) has been unavailable since {} ({}): ", name_,
                                 TimeText(health.since), ReasonName(health.last_error));
  if (!HasRoom()) {
    text += fmt::format("its {} calls still hang", flights_.size());
  } else if (health.state == BreakerState::kOpen) {
    const auto left = std::max(
        std::chrono::ceil<std::chrono::milliseconds>(breaker_.retry_at() - clock_.Steady()),
        std::chrono::milliseconds(0));
    text += fmt::format("the next attempt is due in {} ms", left.count());
    return WithRetryAfter(Unavailable(text), left);
  } else {
    text += "an attempt to reach it is under way";
  }
  return Unavailable(text);
}

absl::Status CallGuard::TimedOut() const {
  return Unavailable(fmt::format(
      "the root key ({}) did not answer in {} ms", name_,
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.call_timeout).count()));
}

}  // namespace fieldkms
