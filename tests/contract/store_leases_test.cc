// Leases: written over, forgotten a day after their end, no changes.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::minutes;

TEST_P(StoreContract, LeaseIsWrittenOver) {
  HaveTenant("acme");
  HaveKey("acme", "k", 0xfedcba9876543210);
  LeaseRecord lease = Lease("acme", 0xfedcba9876543210, 1);
  EXPECT_THAT(store().GetLease("acme", lease.lease_id, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kLeaseNotFound));
  ASSERT_OK(store().PutLease(lease, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetLease("acme", lease.lease_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(lease));
  lease.encrypt = true;
  lease.expire_time += minutes(1);
  lease.most_messages = UINT64_MAX;
  lease.used_messages = UINT64_MAX - 1;
  ASSERT_OK(store().PutLease(lease, kNoDeadline));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto later, store().GetLease("acme", lease.lease_id, kNoDeadline));
  EXPECT_THAT(later, IsRecord(lease));
}

TEST_P(StoreContract, LastLeaseOfAVersionEndsIt) {
  HaveTenant("acme");
  HaveRotated(HaveKey("acme", "k", 7));
  HaveKey("acme", "other", 8);
  uint32_t number = 0;
  const WallTime start = Now();
  const auto put = [&](uint64_t key_id, uint32_t version, bool encrypt, int end) {
    LeaseRecord lease = Lease("acme", key_id, ++number);
    lease.version = version;
    lease.encrypt = encrypt;
    lease.expire_time = start + minutes(end);
    ASSERT_OK(store().PutLease(lease, kNoDeadline));
  };
  using End = std::optional<WallTime>;
  const auto last = [&](uint32_t version, bool encrypt_only, int now) {
    const auto end =
        store().LastLeaseEnd("acme", 7, version, encrypt_only, start + minutes(now), kNoDeadline);
    EXPECT_OK(end);
    return end.value_or(End());
  };
  EXPECT_EQ(last(1, false, 0), End());
  put(7, 1, true, 3);
  put(7, 1, false, 5);
  put(7, 1, true, 2);
  put(7, 2, true, 50);
  put(8, 1, true, 60);
  Reopen();
  EXPECT_EQ(last(1, false, 0), End(start + minutes(5)));
  EXPECT_EQ(last(1, true, 0), End(start + minutes(3)));
  EXPECT_EQ(last(1, true, 2), End(start + minutes(3)));
  EXPECT_EQ(last(1, true, 3), End());
  EXPECT_EQ(last(1, false, 3), End(start + minutes(5)));
  EXPECT_EQ(last(1, false, 5), End());
  EXPECT_EQ(last(2, true, 0), End(start + minutes(50)));
  EXPECT_EQ(last(3, false, 0), End());
  EXPECT_EQ(last(UINT32_MAX, false, 0), End());
  EXPECT_EQ(last(0, false, 0), End(start + minutes(50))) << "of any version of the key";
  EXPECT_EQ(last(0, true, 49), End(start + minutes(50)));
  EXPECT_EQ(last(0, false, 50), End());
}

TEST_P(StoreContract, LeasesAreKeptForADayAfterTheirEnd) {
  HaveTenant("acme");
  HaveKey("acme", "k", 7);
  const LeaseRecord old = Lease("acme", 7, 1);
  ASSERT_OK(store().PutLease(old, kNoDeadline));
  clock().Advance(minutes(5) + std::chrono::hours(24));
  ASSERT_OK(store().PutLease(Lease("acme", 7, 2), kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetLease("acme", old.lease_id, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(old));
}

}  // namespace
}  // namespace fieldkms::testing
