#include "rotation/request_beat.h"

#include <span>
#include <utility>

#include "rotation/array_fields.h"
#include "rotation/request_queue.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kSayHere = R"sql(
  INSERT INTO kms.request_workers (worker, tenant, data_source, allows) VALUES ($1, $2, $3, $4)
  ON CONFLICT (worker) DO UPDATE SET seen_at = clock_timestamp())sql";

// Of workers that are long gone.
constexpr std::string_view kForgetOthers =
    "DELETE FROM kms.request_workers WHERE seen_at < clock_timestamp() - interval '1 hour'";

constexpr std::string_view kKeep = R"sql(
  UPDATE kms.requests SET lease_until = clock_timestamp() + $2 * interval '1 second'
  WHERE worker = $1 AND state = 'running')sql";

}  // namespace

RequestBeat::RequestBeat(std::unique_ptr<Database> database, About about)
    : database_(std::move(database)), about_(std::move(about)) {
  Beat();
  thread_ = std::thread([this] { Run(); });
}

RequestBeat::~RequestBeat() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
  // Where this fails, the line grows old.
  (void)database_->Query("DELETE FROM kms.request_workers WHERE worker = $1", {about_.worker});
}

void RequestBeat::Run() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, kRequestBeat, [this] { return stop_; })) {
    lock.unlock();
    Beat();
    lock.lock();
  }
}

void RequestBeat::Beat() {
  (void)database_->Write([this](Transaction& transaction) {
    transaction.Run(kSayHere, {about_.worker, about_.tenant, about_.data_source,
                               ArrayOf(std::span<const std::string>(about_.allows))});
    transaction.Run(kForgetOthers);
    transaction.Run(kKeep, {about_.worker, kRequestLease});
    return absl::OkStatus();
  });
}

}  // namespace fieldkms::rotation
