#include "kms/store/sqlite_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <thread>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/fault_vfs.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

class SqlitePoolTest : public StoreFixture {
 protected:
  void SetUp() override {
    ASSERT_OK(Open());
    ASSERT_OK(CreateTenant());
    Close();
  }
  static Deadline In(milliseconds time) { return std::chrono::steady_clock::now() + time; }
  absl::StatusOr<int64_t> CountTenants(SqlitePool::Lease& lease) {
    return lease->QueryInt("SELECT count(*) FROM tenants");
  }
};

TEST_F(SqlitePoolTest, LendsAsManyAsItHasPlaces) {
  SqlitePool pool(path(), 2, SystemClock());
  ASSERT_OK_AND_ASSIGN(std::optional<SqlitePool::Lease> one, pool.Take(kNoDeadline));
  ASSERT_OK_AND_ASSIGN(SqlitePool::Lease two, pool.Take(kNoDeadline));
  EXPECT_NE(&**one, &*two);
  EXPECT_THAT(pool.Take(In(milliseconds(20))),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  SqliteConnection* first = &**one;
  one.reset();
  ASSERT_OK_AND_ASSIGN(SqlitePool::Lease again, pool.Take(kNoDeadline));
  EXPECT_EQ(&*again, first);
}

TEST_F(SqlitePoolTest, AWaiterGetsWhatIsGivenBack) {
  SqlitePool pool(path(), 1, SystemClock());
  ASSERT_OK_AND_ASSIGN(std::optional<SqlitePool::Lease> lease, pool.Take(kNoDeadline));
  auto waiter = std::async(std::launch::async, [&] { return pool.Take(kNoDeadline).status(); });
  EXPECT_EQ(waiter.wait_for(milliseconds(50)), std::future_status::timeout);
  lease.reset();
  EXPECT_OK(waiter.get());
}

TEST_F(SqlitePoolTest, PassedDeadlineGetsNothing) {
  SqlitePool pool(path(), 1, SystemClock());
  EXPECT_THAT(pool.Take(In(milliseconds(-1))), StatusIs(Reason::kDeadlineExceeded));
}

TEST_F(SqlitePoolTest, BrokenConnectionIsReplaced) {
  SqlitePool pool(path(), 1, SystemClock());
  {
    ASSERT_OK_AND_ASSIGN(SqlitePool::Lease lease, pool.Take(kNoDeadline));
    FaultVfs::Arm(Fault::kIoError, 1, true);
    EXPECT_THAT(lease->Execute("UPDATE tenants SET create_time = 1"),
                StatusIs(Reason::kStoreUnavailable));
    EXPECT_TRUE(lease->broken());
    EXPECT_FALSE(lease->InTransaction());
  }
  // Its place can be opened again only when the disk works.
  EXPECT_THAT(pool.Take(kNoDeadline).status().code(), StatusCode::kUnavailable);
  FaultVfs::Disarm();
  ASSERT_OK_AND_ASSIGN(SqlitePool::Lease lease, pool.Take(kNoDeadline));
  EXPECT_FALSE(lease->broken());
  ASSERT_OK_AND_ASSIGN(const int64_t tenants, CountTenants(lease));
  EXPECT_EQ(tenants, 1);
}

TEST_F(SqlitePoolTest, TransactionRollsBackUnlessCommitted) {
  SqlitePool pool(path(), 1, SystemClock());
  ASSERT_OK_AND_ASSIGN(SqlitePool::Lease lease, pool.Take(kNoDeadline));
  {
    SqliteTransaction transaction(*lease);
    ASSERT_OK(transaction.Begin());
    ASSERT_OK(lease->Execute("DELETE FROM mutations"));
    EXPECT_TRUE(lease->InTransaction());
  }
  EXPECT_FALSE(lease->InTransaction());
  ASSERT_OK_AND_ASSIGN(const int64_t kept, lease->QueryInt("SELECT count(*) FROM mutations"));
  EXPECT_EQ(kept, 1);
}

TEST_F(SqlitePoolTest, ConnectionsAreHardened) {
  SqlitePool pool(path(), 1, SystemClock());
  ASSERT_OK_AND_ASSIGN(SqlitePool::Lease lease, pool.Take(kNoDeadline));
  const auto value = [&](std::string_view pragma) { return lease->QueryInt(pragma).value_or(-1); };
  EXPECT_EQ(value("PRAGMA synchronous"), 3);
  EXPECT_EQ(value("PRAGMA foreign_keys"), 1);
  EXPECT_EQ(value("PRAGMA secure_delete"), 1);
  EXPECT_EQ(value("PRAGMA trusted_schema"), 0);
  EXPECT_EQ(value("PRAGMA mmap_size"), 0);
  // Defensive: the schema's own table cannot be written.
  EXPECT_FALSE(lease->Execute("PRAGMA writable_schema=ON; DELETE FROM sqlite_schema").ok());
  EXPECT_FALSE(lease->Execute("SELECT \"no such column\"").ok());
}

// Another process, such as a backup, holds the write lock.
TEST_F(SqlitePoolTest, WritersWaitForOtherProcessesUntilTheirDeadline) {
  ASSERT_OK(Open());
  ASSERT_OK_AND_ASSIGN(const auto other, SqliteConnection::Open(path()));
  ASSERT_OK(other->Execute("BEGIN IMMEDIATE"));
  const Mutation mutation{"request-late", std::string(32, 'f')};
  EXPECT_THAT(store().CreateTenant("late", {1, "kek", {}}, mutation, In(milliseconds(50))),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  EXPECT_OK(store().GetTenant("acme", kNoDeadline));  // readers do not wait
  auto patient = std::async(std::launch::async, [&] {
    return store().CreateTenant("late", {1, "kek", {}}, mutation, kNoDeadline).status();
  });
  EXPECT_EQ(patient.wait_for(milliseconds(50)), std::future_status::timeout);
  ASSERT_OK(other->Execute("ROLLBACK"));
  EXPECT_OK(patient.get());
}

}  // namespace
}  // namespace fieldkms::testing
