// Leases on ranges that end too early, too late or at once: no row is lost or written twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/rotation_fixture.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using rotation::Worker;
using rotation::WorkerOptions;
using std::chrono::milliseconds;

constexpr uint64_t kRows = 600;

class RotationLease : public RotationFault {
 protected:
  RotationLease() { KeepJobsInMemory(); }

  // Carries a new job to its end with three workers at once; `before` is called before each batch
  // of any is rewrapped, of one at a time.
  v1::RotationJob WorkTogether(milliseconds lease, uint64_t range_rows,
                               const std::function<void(const v1::RotationJob&)>& before) {
    const v1::RotationJob job = Rotate();
    std::mutex mutex;
    rotation::ServiceCalls calls = Calls();
    calls.rewrap = [&, rewrap = calls.rewrap](const v1::BatchRewrapRequest& request) {
      if (before) {
        const std::lock_guard lock(mutex);
        before(job);
      }
      return rewrap(request);
    };
    std::vector<std::thread> workers;
    for (int i = 0; i < 3; ++i) {
      workers.emplace_back([this, &job, &calls, lease, range_rows, i] {
        WorkerOptions options = Options(job, "worker " + std::to_string(i));
        options.lease = lease;
        options.range_rows = range_rows;
        EXPECT_OK(Worker(options, calls, nullptr).Run());
      });
    }
    for (std::thread& worker : workers) worker.join();
    return AwaitEnd(job);
  }
};

// Each of the first batches is not written before another worker has taken the range.
TEST_F(RotationLease, WorkersThatTakeOneRangeFromEachOtherDoNoHarm) {
  constexpr int kTaken = 8;
  bed().MakeCards(kRows);
  const auto last_fence = [this] { return One("SELECT last_value FROM kms.rotation_fence"); };
  int taken = 0;
  const v1::RotationJob job =
      WorkTogether(milliseconds(5), kRows * 10, [&](const v1::RotationJob&) {
        if (taken == kTaken) return;
        const std::string fence = last_fence();
        while (last_fence() == fence) std::this_thread::yield();
        ++taken;
      });
  EXPECT_EQ(taken, kTaken);
  EXPECT_EQ(job.outcome().counts().changed(), kRows);
  ExpectDone(job);
}

// The clock that leases are by is the database's: it jumps by a day, to and fro.
TEST_F(RotationLease, ClocksThatJumpDoNoHarm) {
  SeededRandom random(RunSeed());
  bed().MakeCards(kRows);
  const v1::RotationJob job =
      WorkTogether(milliseconds(500), 150, [&](const v1::RotationJob& running) {
        bed().Sql("UPDATE kms.rotation_ranges SET lease_until = lease_until " +
                  std::string(random.Below(2) == 0 ? "+" : "-") +
                  " interval '1 day' WHERE job_id = '" + running.job_id() + "'");
      });
  EXPECT_EQ(job.outcome().counts().changed(), kRows);
  ExpectDone(job);
}

// A worker died, and the clock was put back: what is left of its lease is not waited for.
TEST_F(RotationLease, ALeaseThatEndsTooLateIsNoLease) {
  bed().MakeCards(kRows);
  const v1::RotationJob job = Rotate();
  {
    std::atomic<Worker*> running = nullptr;
    rotation::ServiceCalls calls = Calls();
    calls.rewrap = [&](const v1::BatchRewrapRequest&) -> absl::StatusOr<v1::BatchRewrapResponse> {
      running.load()->Stop();
      // As if it had died: it gives nothing back.
      bed().Sql(
          "UPDATE kms.rotation_ranges SET fence = nextval('kms.rotation_fence'), "
          "lease_until = lease_until + interval '1 day'");
      return absl::UnavailableError("the worker is gone");
    };
    Worker worker(Options(job, "gone"), calls, nullptr);
    running = &worker;
    ASSERT_OK(worker.Run());
  }
  ExpectDone(Work(job));
}

}  // namespace
}  // namespace fieldkms::testing
