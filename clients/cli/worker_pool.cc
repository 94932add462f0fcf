#include "clients/cli/worker_pool.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "clients/cpp/rotation_client.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kLongestWorkerName = 64;
constexpr size_t kRandomBytes = 4;

std::string MachineName() {
  std::array<char, 256> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "machine";
  return std::string(name.data()).substr(0, kLongestWorkerName);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> WorkerNames(std::string name, uint32_t count) {
  if (name.size() > kLongestWorkerName) return InvalidField("name", "must be of at most 64 bytes");
  if (name.empty()) name = MachineName();
  std::array<uint8_t, kRandomBytes> random = {};
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(random));
  name += "-" + std::to_string(getpid()) + "-" + EncodeHex(random) + "-";
  std::vector<std::string> names;
  for (uint32_t i = 1; i <= count; ++i) names.push_back(name + std::to_string(i));
  return names;
}

WorkerPool::WorkerPool(const rotation::WorkerOptions& options,
                       const std::vector<std::string>& names, const rotation::ServiceCalls& calls)
    : members_(names.size()), at_work_(names.size()) {
  // Whichever ends the job first stops the others, so all are there before one begins.
  for (size_t i = 0; i < names.size(); ++i) {
    rotation::WorkerOptions own = options;
    own.name = names[i];
    members_[i].worker = std::make_unique<rotation::Worker>(
        std::move(own), calls, [this, i](const rotation::WorkerNews& news) { Hear(i, news); });
  }
  for (size_t i = 0; i < names.size(); ++i) {
    members_[i].thread = std::thread([this, i] { Run(i); });
  }
}

WorkerPool::~WorkerPool() {
  Stop();
  for (Member& member : members_) member.thread.join();
}

void WorkerPool::Hear(size_t member, const rotation::WorkerNews& news) {
  const std::lock_guard lock(mutex_);
  members_[member].resting = news.resting;
  if (!heard_end_ && !news.job.job_id().empty()) job_ = news.job;
}

void WorkerPool::Run(size_t member) { Ended(member, members_[member].worker->Run()); }

void WorkerPool::Ended(size_t member, const absl::StatusOr<v1::RotationJob>& job) {
  if (job.ok() && HasEnded(*job)) Stop();  // others would hear of it with their next beats
  const std::lock_guard lock(mutex_);
  --at_work_;
  members_[member].resting.clear();
  if (!job.ok()) {
    if (failure_.ok()) failure_ = job.status();
    return;
  }
  ++succeeded_;
  if (heard_end_ || job->job_id().empty()) return;
  job_ = *job;
  heard_end_ = HasEnded(*job);
}

PoolNews WorkerPool::News() const {
  const std::lock_guard lock(mutex_);
  PoolNews news{.job = job_, .resting = {}, .ended = at_work_ == 0};
  for (const Member& member : members_) {
    const auto& known = news.resting;
    if (!member.resting.empty() &&
        std::find(known.begin(), known.end(), member.resting) == known.end()) {
      news.resting.push_back(member.resting);
    }
  }
  return news;
}

void WorkerPool::Stop() {
  for (Member& member : members_) member.worker->Stop();
}

absl::StatusOr<v1::RotationJob> WorkerPool::Result() const {
  const std::lock_guard lock(mutex_);
  if (succeeded_ == 0) return failure_;
  return job_;
}

}  // namespace fieldkms
