#include "kms/store/postgres_pool.h"

#include <algorithm>
#include <chrono>

#include "crypto/status.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// Between attempts to connect while callers go on waiting.
constexpr std::chrono::milliseconds kPause{50};

}  // namespace

PostgresPool::PostgresPool(std::string conninfo, size_t places, const Clock& clock)
    : conninfo_(std::move(conninfo)),
      places_(places),
      clock_(clock),
      connector_([this] { ConnectLoop(); }) {}

PostgresPool::~PostgresPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for_connector_.notify_all();
  connector_.join();
}

absl::StatusOr<PostgresPool::Lease> PostgresPool::Take(Deadline deadline, IfDown if_down) {
  if (clock_.Steady() >= deadline) return DeadlinePassed();
  std::unique_lock lock(mutex_);
  const uint64_t failures_before = failures_;
  const auto failed = [&] { return if_down == IfDown::kReturn && failures_ != failures_before; };
  ++waiting_;
  if (idle_.empty()) for_connector_.notify_one();
  for_callers_.wait_until(lock, WakeTime(clock_, deadline),
                          [&] { return !idle_.empty() || failed(); });
  --waiting_;
  if (idle_.empty()) return failed() ? last_failure_ : DeadlinePassed();
  std::unique_ptr<PostgresConnection> connection = std::move(idle_.back());
  idle_.pop_back();
  return Lease(this, std::move(connection));
}

void PostgresPool::GiveBack(std::unique_ptr<PostgresConnection> connection) {
  std::vector<std::unique_ptr<PostgresConnection>> closed;  // after the lock: it is I/O
  {
    const std::lock_guard lock(mutex_);
    if (connection->broken()) {
      closed.swap(idle_);
      closed.push_back(std::move(connection));
      open_ -= closed.size();
    } else {
      idle_.push_back(std::move(connection));
    }
  }
  // A broken one leaves a place, which the connector fills if somebody waits.
  for_connector_.notify_one();
  for_callers_.notify_one();
}

void PostgresPool::ConnectLoop() {
  std::unique_lock lock(mutex_);
  while (true) {
    for_connector_.wait(
        lock, [this] { return stopping_ || (waiting_ > idle_.size() && open_ < places_); });
    if (stopping_) return;
    lock.unlock();
    auto opened = PostgresConnection::Open(conninfo_);
    lock.lock();
    if (opened.ok()) {
      ++open_;
      idle_.push_back(std::move(opened).value());
      for_callers_.notify_one();
      continue;
    }
    ++failures_;
    last_failure_ = std::move(opened).status();
    for_callers_.notify_all();
    for_connector_.wait_for(lock, kPause, [this] { return stopping_; });
  }
}

}  // namespace fieldkms
