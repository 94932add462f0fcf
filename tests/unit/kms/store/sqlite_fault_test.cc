// Every mutation, stopped at every single change it makes to the disk: by an
// error, by a kill and by a power cut. It must be there as a whole or not at all,
// there if it was acknowledged, and a retry must end in the very same state.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/fault_vfs.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

enum class What { kCreateTenant, kCreateKey, kRotate, kDestroy };

class SqliteFault : public StoreFixture, public ::testing::WithParamInterface<What> {
 protected:
  // The files of a closed store on which the mutation has not run yet.
  void SetUp() override {
    ASSERT_OK(Open());
    if (GetParam() != What::kCreateTenant) {
      ASSERT_OK(CreateTenant());
    }
    if (GetParam() == What::kRotate || GetParam() == What::kDestroy) {
      ASSERT_OK(CreateKey(7));
      ASSERT_OK(Rotate(2));
    }
    Close();
    before_ = Files();
    ASSERT_EQ(before_.size(), 1u);  // the log is gone: closing has moved it in
  }

  absl::Status Run() {
    switch (GetParam()) {
      case What::kCreateTenant:
        return CreateTenant();
      case What::kCreateKey:
        return CreateKey(7);
      case What::kRotate:
        return Rotate(3);
      case What::kDestroy:
        return Destroy(1);
    }
    return absl::InternalError("no such mutation");
  }
  bool Applied() {
    switch (GetParam()) {
      case What::kCreateTenant:
        return store().GetTenant("acme", kNoDeadline).ok() &&
               store().GetKek("acme", 1, kNoDeadline).ok();
      case What::kCreateKey:
        return CheckedPrimary() == 1;
      case What::kRotate:
        return CheckedPrimary() == 3;
      case What::kDestroy:
        return Wrapped() == "";
    }
    return false;
  }
  bool Untouched() {
    switch (GetParam()) {
      case What::kCreateTenant:
        return !store().GetTenant("acme", kNoDeadline).ok() &&
               !store().GetKek("acme", 1, kNoDeadline).ok();
      case What::kCreateKey:
        return CheckedPrimary() == 0;
      case What::kRotate:
        return CheckedPrimary() == 2;
      case What::kDestroy:
        return CheckedPrimary() == 2 && Wrapped() == WrappedOf(1);
    }
    return false;
  }

  std::string Wrapped() {
    const auto version = store().GetKeyVersion("acme", 7, 1, kNoDeadline);
    EXPECT_OK(version);
    return version.ok() ? version->wrapped : "?";
  }

  // Starts over on the store without the mutation.
  void StartOver() {
    Close();
    SetFiles(before_);
    ASSERT_OK(Open());
  }
  // How many changes the mutation makes.
  int Changes() {
    StartOver();
    FaultVfs::Disarm();
    EXPECT_OK(Run());
    return FaultVfs::Changes();
  }
  // The mutation is retried on a disk that works, and the store opened again.
  void ExpectRetrySucceeds() {
    EXPECT_OK(Run());
    EXPECT_TRUE(Applied());
    ASSERT_OK(Open());
    EXPECT_TRUE(Applied());
    EXPECT_OK(Run());
    EXPECT_TRUE(Applied());
  }

 private:
  std::map<std::string, std::string> before_;
};

TEST_P(SqliteFault, FullDiskChangesNothing) {
  const int changes = Changes();
  int struck = 0;
  for (int at = 1; at <= changes; ++at) {
    SCOPED_TRACE("change " + std::to_string(at));
    StartOver();
    FaultVfs::Arm(Fault::kDiskFull, at, false);
    const absl::Status status = Run();
    const bool hit = FaultVfs::Struck();
    FaultVfs::Disarm();
    if (!hit) continue;  // a sync needs no space
    ++struck;
    if (GetParam() == What::kDestroy && !Untouched()) {
      // Made, but the old bytes are still in the log.
      EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
    } else {
      EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted, Reason::kStoreFull));
      EXPECT_TRUE(Untouched());
    }
    ExpectRetrySucceeds();
  }
  EXPECT_GE(struck, 3);
}

TEST_P(SqliteFault, AfterAnErrorTheRetryAppliesItOnce) {
  const int changes = Changes();
  for (int at = 1; at <= changes; ++at) {
    SCOPED_TRACE("change " + std::to_string(at));
    StartOver();
    FaultVfs::Arm(Fault::kIoError, at, false);
    const absl::Status status = Run();
    EXPECT_TRUE(FaultVfs::Struck());
    FaultVfs::Disarm();
    EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
    // In doubt, but whole.
    EXPECT_NE(Untouched(), Applied());
    ExpectRetrySucceeds();
  }
}

// From one change on nothing reaches the disk, also not while the store closes:
// what is in the files is what a kill at that change leaves.
TEST_P(SqliteFault, AKillLeavesItWholeOrNotThere) {
  const int changes = Changes();
  for (int at = 1; at <= changes + 3; ++at) {
    SCOPED_TRACE("change " + std::to_string(at));
    StartOver();
    FaultVfs::Arm(Fault::kIoError, at, true);
    const absl::Status status = Run();
    EXPECT_EQ(status.ok(), at > changes);
    Close();
    FaultVfs::Disarm();
    ASSERT_OK(Open());
    const bool applied = Applied();
    EXPECT_NE(applied, Untouched());
    EXPECT_TRUE(applied || !status.ok());
    ExpectRetrySucceeds();
  }
}

// Only what was synced is left.
TEST_P(SqliteFault, APowerCutLeavesItWholeOrNotThere) {
  const int changes = Changes();
  for (int at = 1; at <= changes + 1; ++at) {
    SCOPED_TRACE("change " + std::to_string(at));
    StartOver();
    std::map<std::string, std::string> durable = Files();
    durable.erase("store.db-wal");
    FaultVfs::ForgetSynced();
    FaultVfs::Arm(Fault::kIoError, at, true);
    const absl::Status status = Run();
    for (const auto& [path, content] : FaultVfs::Synced()) {
      durable[path.substr(path.rfind('/') + 1)] = content;
    }
    Close();
    FaultVfs::Disarm();
    SetFiles(durable);
    ASSERT_OK(Open());
    const bool applied = Applied();
    EXPECT_NE(applied, Untouched());
    EXPECT_TRUE(applied || !status.ok());
    EXPECT_TRUE(status.ok() || at <= changes);
    ExpectRetrySucceeds();
  }
}

std::string NameOf(const ::testing::TestParamInfo<What>& mutation) {
  switch (mutation.param) {
    case What::kCreateTenant:
      return "CreateTenant";
    case What::kCreateKey:
      return "CreateKey";
    case What::kRotate:
      return "Rotate";
    case What::kDestroy:
      return "Destroy";
  }
  return "Unknown";
}

INSTANTIATE_TEST_SUITE_P(Mutations, SqliteFault,
                         ::testing::Values(What::kCreateTenant, What::kCreateKey, What::kRotate,
                                           What::kDestroy),
                         NameOf);

class SqliteCreation : public StoreFixture {};

// A store that could not be made is not there, and can be made later.
TEST_F(SqliteCreation, StoppedAnywhereItIsWholeOrNotThere) {
  ASSERT_OK(Open());
  const int changes = FaultVfs::Changes();
  EXPECT_GE(changes, 10);
  for (const Fault fault : {Fault::kDiskFull, Fault::kIoError}) {
    for (int at = 1; at <= changes; ++at) {
      SCOPED_TRACE("change " + std::to_string(at));
      Close();
      SetFiles({});
      FaultVfs::Arm(fault, at, true);
      const absl::Status status = Open();
      const bool struck = FaultVfs::Struck();
      if (fault == Fault::kIoError) {
        EXPECT_FALSE(status.ok());
      }
      if (!status.ok()) {
        EXPECT_THAT(status, StatusIs(fault == Fault::kIoError ? Reason::kStoreUnavailable
                                                              : Reason::kStoreFull));
        EXPECT_TRUE(struck);
      }
      Close();
      FaultVfs::Disarm();
      for (const auto& [name, content] : Files()) {
        EXPECT_TRUE(name != "store.db" || content.size() >= 4096) << content.size();
      }
      ASSERT_OK(Open());
      ASSERT_OK(CreateTenant());
    }
  }
}

}  // namespace
}  // namespace fieldkms::testing
