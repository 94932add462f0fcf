// Many that write the same job or schedule at once, by one store or by two of one place.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/rotation_fixture.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

// The stores that threads use in turn.
using Stores = std::vector<Store*>;

constexpr int kThreads = 4;
constexpr int kRounds = 10;

// Calls `put(store, mark)`, an absl::Status, in threads with a mark for each: one is OK, whose mark
// is returned, and the others find that it has changed.
template <class Put>
std::string WinnerOf(const Stores& stores, const Put& put) {
  std::atomic<int> winner = -1;
  std::atomic<int> losers = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        Store& store = *stores[static_cast<size_t>(i) % stores.size()];
        const absl::Status status = put(store, std::to_string(i));
        if (status.ok()) {
          EXPECT_EQ(winner.exchange(i), -1);
        } else {
          EXPECT_THAT(status, Mismatch());
          ++losers;
        }
      });
    }
  }
  EXPECT_EQ(losers, kThreads - 1);
  return std::to_string(winner);
}

void ExpectOneWinnerOfAJob(const Stores& stores, WallTime now) {
  RotationJobRecord job = Job("acme", 'a', now);
  uint64_t newest = stores[0]->GetChangeNumber(kNoDeadline).value_or(0);
  for (int round = 0; round < kRounds; ++round) {  // new in the first
    const std::string winner = WinnerOf(stores, [&](Store& store, const std::string& mark) {
      RotationJobRecord mine = job;
      mine.progress = mark;
      return store.rotations().PutRotationJob(mine, kNoDeadline).status();
    });
    ASSERT_OK_AND_ASSIGN(job,
                         stores[0]->rotations().GetRotationJob("acme", job.job_id, kNoDeadline));
    EXPECT_EQ(job.progress, winner);
    EXPECT_EQ(job.change, ++newest);
  }
}

void ExpectOneWinnerOfASchedule(const Stores& stores, WallTime now) {
  RotationStore& rotations = stores[0]->rotations();
  for (int round = 0; round < kRounds; ++round) {
    RotationScheduleRecord schedule = HaveSchedule(*stores[0], Schedule("acme", 'a', now));
    const std::string winner = WinnerOf(stores, [&](Store& store, const std::string& mark) {
      RotationScheduleRecord mine = schedule;
      mine.spec = mark;
      return store.rotations().PutRotationSchedule(mine, kNoDeadline).status();
    });
    ASSERT_OK_AND_ASSIGN(schedule,
                         rotations.GetRotationSchedule("acme", schedule.schedule_id, kNoDeadline));
    EXPECT_EQ(schedule.spec, winner);
    ASSERT_OK(rotations.DeleteRotationSchedule("acme", schedule.schedule_id, schedule.change,
                                               kNoDeadline));
  }
}

TEST_P(StoreContract, ConcurrentWritersOfARotationJobHaveOneWinner) {
  HaveTenant("acme");
  ExpectOneWinnerOfAJob({&store()}, Now());
}
TEST_P(SharedStoreContract, ConcurrentWritersOfARotationJobHaveOneWinner) {
  HaveTenant("acme");
  ExpectOneWinnerOfAJob({&store(), &other()}, Now());
}

TEST_P(StoreContract, ConcurrentWritersOfARotationScheduleHaveOneWinner) {
  HaveTenant("acme");
  ExpectOneWinnerOfASchedule({&store()}, Now());
}
TEST_P(SharedStoreContract, ConcurrentWritersOfARotationScheduleHaveOneWinner) {
  HaveTenant("acme");
  ExpectOneWinnerOfASchedule({&store(), &other()}, Now());
}

// As one daemon hears that a job was paused at another.
TEST_P(SharedStoreContract, RotationsOfTheOtherAreHeardOf) {
  HaveTenant("acme");
  RotationJobRecord job = HaveJob(store(), Job("acme", 'a', Now()));
  auto waiter = std::async(std::launch::async,
                           [&] { return other().WaitForChange(job.change, kNoDeadline); });
  job.state = RotationState::kPaused;
  job = HaveJob(store(), job);
  ASSERT_OK_AND_ASSIGN(const uint64_t woken, waiter.get());
  EXPECT_EQ(woken, job.change);
  ASSERT_OK_AND_ASSIGN(const auto heard,
                       other().rotations().GetRotationJob("acme", job.job_id, kNoDeadline));
  EXPECT_THAT(heard, IsRecord(job));

  const ReplicaRecord replica = Replica('a', Now());
  ASSERT_OK(store().rotations().PutReplica(replica, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto replicas, other().rotations().ListReplicas(kNoDeadline));
  EXPECT_THAT(replicas, ::testing::ElementsAre(IsRecord(replica)));
}

}  // namespace
}  // namespace fieldkms::testing
