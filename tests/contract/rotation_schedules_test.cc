// Schedules that make jobs of rotations, and the replicas of the service.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "kms/store/rotation_store.h"
#include "tests/contract/rotation_fixture.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::microseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto Invalid() { return StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField); }
auto Frozen() { return StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable); }

std::string Listed(Store& store, std::string_view tenant, std::string_view after = "",
                   size_t limit = SIZE_MAX) {
  const auto list = store.rotations().ListRotationSchedules(tenant, after, limit, kNoDeadline);
  EXPECT_OK(list);
  return list.ok() ? DigitsOf(*list) : std::string();
}

std::string Due(Store& store, WallTime now, size_t limit = SIZE_MAX) {
  const auto due = store.rotations().ListDueRotationSchedules(now, limit, kNoDeadline);
  EXPECT_OK(due);
  return due.ok() ? DigitsOf(*due) : std::string();
}

std::vector<ReplicaRecord> Replicas(Store& store) {
  auto replicas = store.rotations().ListReplicas(kNoDeadline);
  EXPECT_OK(replicas);
  return replicas.ok() ? *std::move(replicas) : std::vector<ReplicaRecord>();
}

TEST_P(StoreContract, RotationScheduleIsKeptWithEveryField) {
  HaveTenant("acme");
  RotationStore& rotations = store().rotations();
  RotationScheduleRecord schedule = Schedule("acme", 'a', Now());
  EXPECT_THAT(rotations.GetRotationSchedule("acme", schedule.schedule_id, kNoDeadline),
              NoSchedule());
  schedule.spec.clear();
  const RotationScheduleRecord made = HaveSchedule(store(), schedule);
  schedule.change = 2;
  EXPECT_THAT(made, IsRecord(schedule));

  schedule.spec = std::string(kMaxRotationSpec - 2, 's') + std::string("\0\xff", 2);
  schedule.next_run = Now() + microseconds(1);
  clock().Advance(seconds(1));
  schedule.update_time = Now();
  RotationScheduleRecord put = schedule;
  put.create_time = Now();  // it stays
  const RotationScheduleRecord next = HaveSchedule(store(), put);
  schedule.change = 3;
  EXPECT_THAT(next, IsRecord(schedule));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().rotations().GetRotationSchedule(
                                            "acme", schedule.schedule_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(schedule));

  schedule.next_run.reset();
  schedule = HaveSchedule(store(), schedule);
  ASSERT_OK_AND_ASSIGN(const auto list,
                       store().rotations().ListRotationSchedules("acme", "", 9, kNoDeadline));
  EXPECT_THAT(list, ElementsAre(IsRecord(schedule)));
}

TEST_P(StoreContract, RotationScheduleGoesOnWhereItWasRead) {
  HaveTenant("acme");
  RotationStore& rotations = store().rotations();
  const RotationScheduleRecord made = HaveSchedule(store(), Schedule("acme", 'a', Now()));
  EXPECT_THAT(rotations.PutRotationSchedule(Schedule("acme", 'a', Now()), kNoDeadline), Mismatch());
  const RotationScheduleRecord next = HaveSchedule(store(), made);
  EXPECT_THAT(rotations.PutRotationSchedule(made, kNoDeadline), Mismatch());
  EXPECT_THAT(rotations.DeleteRotationSchedule("acme", made.schedule_id, made.change, kNoDeadline),
              Mismatch());
  ASSERT_OK_AND_ASSIGN(const auto kept,
                       rotations.GetRotationSchedule("acme", made.schedule_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(next));
  EXPECT_EQ(NewestChange(), next.change);
}

TEST_P(StoreContract, RotationScheduleIsDeletedOnce) {
  HaveTenant("acme");
  RotationStore& rotations = store().rotations();
  const RotationScheduleRecord made = HaveSchedule(store(), Schedule("acme", 'a', Now()));
  HaveSchedule(store(), Schedule("acme", 'b', Now()));
  const uint64_t before = NewestChange();
  ASSERT_OK(rotations.DeleteRotationSchedule("acme", made.schedule_id, made.change, kNoDeadline));
  EXPECT_EQ(NewestChange(), before + 1);
  EXPECT_THAT(ChangesAfter(1), IsEmpty());
  EXPECT_EQ(Listed(store(), "acme"), "b");
  EXPECT_THAT(rotations.GetRotationSchedule("acme", made.schedule_id, kNoDeadline), NoSchedule());
  EXPECT_THAT(rotations.DeleteRotationSchedule("acme", made.schedule_id, made.change, kNoDeadline),
              NoSchedule());
  EXPECT_THAT(rotations.PutRotationSchedule(made, kNoDeadline), Mismatch());
  EXPECT_EQ(NewestChange(), before + 1);
}

TEST_P(StoreContract, RotationSchedulesAreListedInOrder) {
  HaveTenant("acme");
  HaveTenant("globex");
  for (const char digit : std::string_view("5a0c")) {
    HaveSchedule(store(), Schedule("acme", digit, Now()));
  }
  HaveSchedule(store(), Schedule("globex", '7', Now()));
  EXPECT_EQ(Listed(store(), "acme"), "05ac");
  EXPECT_EQ(Listed(store(), "acme", "", 2), "05");
  EXPECT_EQ(Listed(store(), "acme", RotationId('5'), 2), "ac");
  EXPECT_EQ(Listed(store(), "acme", RotationId('6')), "ac");
  EXPECT_EQ(Listed(store(), "acme", RotationId('c')), "");
  EXPECT_EQ(Listed(store(), "globex"), "7");
  EXPECT_EQ(Listed(store(), "nobody"), "");
}

TEST_P(StoreContract, RotationSchedulesOfATenantAreItsOwn) {
  HaveTenant("acme");
  HaveTenant("globex");
  RotationStore& rotations = store().rotations();
  const RotationScheduleRecord acme = HaveSchedule(store(), Schedule("acme", 'a', Now()));
  EXPECT_THAT(rotations.GetRotationSchedule("globex", acme.schedule_id, kNoDeadline), NoSchedule());
  EXPECT_THAT(
      rotations.DeleteRotationSchedule("globex", acme.schedule_id, acme.change, kNoDeadline),
      NoSchedule());
  const RotationScheduleRecord globex = HaveSchedule(store(), Schedule("globex", 'a', Now()));
  ASSERT_OK(
      rotations.DeleteRotationSchedule("globex", globex.schedule_id, globex.change, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto kept,
                       rotations.GetRotationSchedule("acme", acme.schedule_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(acme));
  EXPECT_THAT(rotations.PutRotationSchedule(Schedule("nobody", 'a', Now()), kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
}

TEST_P(StoreContract, WhatIsNoRotationScheduleIsRefused) {
  HaveTenant("acme");
  RotationScheduleRecord schedule = Schedule("acme", 'a', Now());
  schedule.schedule_id.pop_back();
  EXPECT_THAT(store().rotations().PutRotationSchedule(schedule, kNoDeadline), Invalid());
  schedule = Schedule("acme", 'a', Now());
  schedule.spec.resize(kMaxRotationSpec + 1);
  EXPECT_THAT(store().rotations().PutRotationSchedule(schedule, kNoDeadline), Invalid());
  EXPECT_EQ(Listed(store(), "acme"), "");
}

TEST_P(StoreContract, DueRotationSchedulesOfAllTenants) {
  HaveTenant("acme");
  HaveTenant("globex");
  const WallTime now = Now();
  const auto have = [&](std::string_view tenant, char digit, std::optional<WallTime> next_run) {
    RotationScheduleRecord schedule = Schedule(tenant, digit, now);
    schedule.next_run = next_run;
    return HaveSchedule(store(), schedule);
  };
  EXPECT_EQ(Due(store(), now), "");
  have("acme", '1', now);
  have("acme", '2', now + microseconds(1));
  have("acme", '3', std::nullopt);
  RotationScheduleRecord first = have("globex", '4', now - seconds(60));
  have("globex", '0', now);
  have("acme", '5', now - seconds(1));
  EXPECT_EQ(Due(store(), now), "4501");
  EXPECT_EQ(Due(store(), now, 2), "45");
  EXPECT_EQ(Due(store(), now + microseconds(1)), "45012");
  ASSERT_OK_AND_ASSIGN(const auto due,
                       store().rotations().ListDueRotationSchedules(now, 1, kNoDeadline));
  EXPECT_THAT(due, ElementsAre(IsRecord(first)));
  first.next_run = now + seconds(60);
  HaveSchedule(store(), first);
  Reopen();
  EXPECT_EQ(Due(store(), now), "501");
}

TEST_P(StoreContract, AFrozenStoreKeepsItsRotationSchedules) {
  HaveTenant("acme");
  RotationStore& rotations = store().rotations();
  RotationScheduleRecord schedule = Schedule("acme", 'a', Now());
  schedule.next_run = Now();
  schedule = HaveSchedule(store(), schedule);
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  EXPECT_THAT(rotations.PutRotationSchedule(schedule, kNoDeadline), Frozen());
  EXPECT_THAT(
      rotations.DeleteRotationSchedule("acme", schedule.schedule_id, schedule.change, kNoDeadline),
      Frozen());
  EXPECT_EQ(Listed(store(), "acme"), "a");
  EXPECT_EQ(Due(store(), Now()), "a");
  ASSERT_OK(store().SetFrozen(false, kNoDeadline));
  EXPECT_OK(
      rotations.DeleteRotationSchedule("acme", schedule.schedule_id, schedule.change, kNoDeadline));
}

TEST_P(StoreContract, ReplicasAreWrittenOverDroppedAndForgotten) {
  EXPECT_THAT(Replicas(store()), IsEmpty());
  RotationStore& rotations = store().rotations();
  const ReplicaRecord b = Replica('b', Now());
  ReplicaRecord a = Replica('a', Now() + seconds(1));
  ReplicaRecord c = Replica('c', Now() + seconds(2));
  c.change = INT64_MAX;
  c.stale_limit = seconds::max();
  for (const ReplicaRecord& replica : {b, a, c}) {
    ASSERT_OK(rotations.PutReplica(replica, kNoDeadline));
  }
  a.change = 7;
  a.seen += seconds(5);
  a.stale_limit = seconds(0);
  ASSERT_OK(rotations.PutReplica(a, kNoDeadline));
  Reopen();
  EXPECT_THAT(Replicas(store()), ElementsAre(IsRecord(a), IsRecord(b), IsRecord(c)));
  // They have no number, and need no tenant.
  EXPECT_EQ(NewestChange(), 0u);

  RotationStore& reopened = store().rotations();
  ASSERT_OK(reopened.ForgetReplicas(b.seen, kNoDeadline));
  EXPECT_THAT(Replicas(store()), ElementsAre(IsRecord(a), IsRecord(b), IsRecord(c)));
  ASSERT_OK(reopened.ForgetReplicas(c.seen, kNoDeadline));
  EXPECT_THAT(Replicas(store()), ElementsAre(IsRecord(a), IsRecord(c)));
  ASSERT_OK(reopened.DropReplica(a.replica_id, kNoDeadline));
  ASSERT_OK(reopened.DropReplica(a.replica_id, kNoDeadline));
  EXPECT_THAT(Replicas(store()), ElementsAre(IsRecord(c)));
}

TEST_P(StoreContract, AFrozenStoreTakesReplicas) {
  RotationStore& rotations = store().rotations();
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  for (const char digit : std::string_view("ab")) {
    ASSERT_OK(rotations.PutReplica(Replica(digit, Now()), kNoDeadline));
  }
  ASSERT_OK(rotations.DropReplica(RotationId('b'), kNoDeadline));
  EXPECT_THAT(Replicas(store()), ElementsAre(IsRecord(Replica('a', Now()))));
  ASSERT_OK(rotations.ForgetReplicas(Now() + microseconds(1), kNoDeadline));
  EXPECT_THAT(Replicas(store()), IsEmpty());
}

TEST_P(StoreContract, WhatIsNoReplicaIsRefused) {
  ReplicaRecord replica = Replica('a', Now());
  replica.stale_limit = seconds(-1);
  EXPECT_THAT(store().rotations().PutReplica(replica, kNoDeadline), Invalid());
  replica = Replica('x', Now());
  EXPECT_THAT(store().rotations().PutReplica(replica, kNoDeadline), Invalid());
  EXPECT_THAT(Replicas(store()), IsEmpty());
}

}  // namespace
}  // namespace fieldkms::testing
