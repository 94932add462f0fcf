#include "kms/keyring/root_migration.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "kms/keyring/root_binding.h"
#include "kms/root/local_root.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class RootMigration : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    ASSERT_OK(CreateLocalRoot(next_path_));
    for (const char* tenant : {"acme", "globex"}) {
      HaveTenant(tenant);
      HaveKey(tenant, "k");
    }
    ASSERT_OK(admin().RotateKek("acme", FreshId(), kNoDeadline));
    // As a caretaker would.
    auto operations = store().ListOperations(true, 9, kNoDeadline);
    ASSERT_OK(operations);
    for (OperationRecord operation : *operations) {
      operation.state = OperationState::kDone;
      ASSERT_OK(store().PutOperation(operation, kNoDeadline));
    }
  }
  std::unique_ptr<DualRoot> Both() {
    return std::make_unique<DualRoot>(OpenLocalRoot(next_path_).value(),
                                      OpenLocalRoot(root_path()).value());
  }
  absl::StatusOr<uint64_t> Migrate(const std::function<void(uint64_t)>& on_progress = {}) {
    return MigrateRoot(store(), *Both(), clock(), "alice@db1", on_progress);
  }
  RootCheck Check(const std::string& path) {
    const auto root = OpenLocalRoot(path).value();
    const auto check = CheckRoot(store(), *root, clock());
    EXPECT_OK(check);
    return check.value_or(RootCheck());
  }

  TempDir dir_;
  const std::string next_path_ = dir_.File("next.key");
};

TEST_F(RootMigration, MovesAllThatTheOldRootWrapped) {
  EXPECT_EQ(Check(next_path_).old_keks, 3u);
  EXPECT_TRUE(Check(next_path_).old_binding);
  ASSERT_OK_AND_ASSIGN(const uint64_t moved, Migrate());
  EXPECT_EQ(moved, 3u);
  const RootCheck check = Check(next_path_);
  EXPECT_TRUE(check.all_new());
  EXPECT_EQ(check.tenants, 2u);
  EXPECT_EQ(check.keks, 3u);
  EXPECT_EQ(Check(root_path()).old_keks, 3u);
  EXPECT_TRUE(CheckRoot(store(), *Both(), clock()).value().all_new());
  // The new root alone opens the store and its keys.
  const auto root = OpenLocalRoot(next_path_).value();
  ASSERT_OK_AND_ASSIGN(const auto keyring, Keyring::Open(store(), *root, clock()));
  EXPECT_OK(keyring->LoadByName("acme", "k", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto operations, store().ListOperations(false, 1, kNoDeadline));
  EXPECT_EQ(operations[0].kind, OperationKind::kRotateRoot);
  EXPECT_EQ(operations[0].state, OperationState::kDone);
  EXPECT_EQ(operations[0].owner, "alice@db1");
}

TEST_F(RootMigration, GoesOnWhereItWasKilled) {
  struct Killed {};
  EXPECT_THROW((void)Migrate([](uint64_t seen) {
                 if (seen == 2) throw Killed();
               }),
               Killed);
  EXPECT_EQ(Check(next_path_).old_keks, 1u);
  ASSERT_OK_AND_ASSIGN(uint64_t moved, Migrate());
  EXPECT_EQ(moved, 1u);
  EXPECT_TRUE(Check(next_path_).all_new());
  ASSERT_OK_AND_ASSIGN(moved, Migrate());
  EXPECT_EQ(moved, 0u);
}

TEST_F(RootMigration, WhatNeitherOpensIsNamedAndLeft) {
  ASSERT_OK_AND_ASSIGN(const KekRecord kek, store().GetKek("globex", 1, kNoDeadline));
  ASSERT_OK(store().RewrapKeks(
      std::vector<RewrappedKek>{{"globex", 1, kek.wrapped, "of a third root, or of nobody"}},
      kNoDeadline));
  const auto moved = Migrate();
  EXPECT_THAT(moved, StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey));
  EXPECT_THAT(moved.status().message(), HasSubstr("globex"));
  EXPECT_FALSE(Check(next_path_).all_new());
  ASSERT_OK_AND_ASSIGN(const auto operations, store().ListOperations(false, 1, kNoDeadline));
  EXPECT_EQ(operations[0].state, OperationState::kFailed);
}

TEST_F(RootMigration, WaitsForARotationThatIsUnderWay) {
  ASSERT_OK(admin().RotateRoot(FreshId(), kNoDeadline));
  EXPECT_THAT(Migrate(), StatusIs(StatusCode::kFailedPrecondition, Reason::kOperationRunning));
  EXPECT_EQ(Check(next_path_).old_keks, 3u);
}

TEST_F(RootMigration, TwoThatAreOneAreTold) {
  const auto one = OpenLocalRoot(next_path_).value();
  const auto same = OpenLocalRoot(next_path_).value();
  const auto other = OpenLocalRoot(root_path()).value();
  EXPECT_OK(CheckDifferent(*one, *other, clock()));
  EXPECT_THAT(CheckDifferent(*one, *same, clock()),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey));
}

}  // namespace
}  // namespace fieldkms::testing
