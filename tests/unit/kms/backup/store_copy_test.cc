#include "kms/backup/store_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kms/backup/store_compare.h"
#include "kms/keyring/root_binding.h"
#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/backup/backup_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class StoreCopy : public ::testing::Test {
 protected:
  StoreCopy() : target_(OpenSqliteStore(dir_.File("copy.db"), SystemClock()).value()) {}

  absl::StatusOr<CopyReport> Copy(bool final = false) {
    CopyRequest request{final, "alice@db1", {}, {}, {}, {}};
    request.on_copied = on_copied_;
    request.on_compared = on_compared_;
    return CopyStore(from_.store(), *target_, from_.root(), SystemClock(), request);
  }
  void ExpectSame() { EXPECT_OK(CompareStores(from_.store(), *target_, SystemClock(), {})); }

  TempDir dir_;
  Installation from_;
  std::unique_ptr<Store> target_;
  std::function<void(uint64_t)> on_copied_;
  std::function<void(uint64_t)> on_compared_;
};

TEST_F(StoreCopy, BringsTheTargetUpToDateAsOftenAsAsked) {
  from_.HaveRichTenant();
  from_.HaveTenant("globex");
  from_.HaveKey("globex", "k");
  ASSERT_OK_AND_ASSIGN(CopyReport report, Copy());
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(report.keys, 3u);
  ExpectSame();
  from_.Rotate("acme", "cards");
  from_.HaveAlias("acme", "pan", "");
  from_.HaveField("acme", "pan", "changed");
  from_.HaveField("acme", "new", "{}");
  from_.HaveTenant("initech");
  from_.HaveKey("initech", "k");
  ASSERT_OK_AND_ASSIGN(report, Copy());
  EXPECT_EQ(report.keys, 3u);  // what changed; of a new tenant once more with the tenant
  ExpectSame();
  ASSERT_OK_AND_ASSIGN(report, Copy());
  EXPECT_EQ(report.keys, 0u);
}

TEST_F(StoreCopy, ItsLastRoundFreezesAndComparesAndTies) {
  from_.HaveRichTenant();
  ASSERT_OK(Copy());
  from_.Rotate("acme", "cards");
  // No service starts on what is not complete.
  EXPECT_THAT(Keyring::Open(*target_, from_.root(), SystemClock()),
              StatusIs(Reason::kStoreCorrupt));
  ASSERT_OK_AND_ASSIGN(const CopyReport report, Copy(true));
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.compared, 2u);
  ASSERT_OK_AND_ASSIGN(const bool frozen, from_.store().IsFrozen(kNoDeadline));
  EXPECT_TRUE(frozen);
  ASSERT_OK_AND_ASSIGN(const auto keyring, Keyring::Open(*target_, from_.root(), SystemClock()));
  ASSERT_OK_AND_ASSIGN(const KeyRecord key, target_->GetKey("acme", "pan", kNoDeadline));
  EXPECT_OK(keyring->LoadById("acme", key.key_id, 4, kNoDeadline));
  // No etag of the source is one of the target's.
  ASSERT_OK_AND_ASSIGN(const KeyRecord old, from_.store().GetKey("acme", "pan", kNoDeadline));
  EXPECT_GT(key.change, old.change);
  EXPECT_OK(keyring->admin().RotateKey("acme", "cards", 0, "request-1", kNoDeadline));
  // It is never written over.
  EXPECT_THAT(Copy(), StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists));
}

// The root can be moved beside it: a frozen store takes a new tie.
TEST_F(StoreCopy, TheTieIsTheSourcesOfTheEnd) {
  from_.HaveRichTenant();
  ASSERT_OK_AND_ASSIGN(const auto before, from_.store().GetRootBinding(kNoDeadline));
  on_compared_ = [&](uint64_t) {
    ASSERT_OK(RootBinding(from_.store(), from_.root()).Rewrap(kNoDeadline));
  };
  ASSERT_OK(Copy(true));
  ASSERT_OK_AND_ASSIGN(const auto after, from_.store().GetRootBinding(kNoDeadline));
  ASSERT_NE(after, before);
  ASSERT_OK_AND_ASSIGN(const auto copied, target_->GetRootBinding(kNoDeadline));
  EXPECT_EQ(copied, after);
  EXPECT_OK(Keyring::Open(*target_, from_.root(), SystemClock()));
}

TEST_F(StoreCopy, GoesOnAfterItWasKilled) {
  for (const char* tenant : {"a", "b", "c"}) {
    from_.HaveTenant(tenant);
    from_.HaveKey(tenant, "k1");
    from_.HaveKey(tenant, "k2");
  }
  struct Killed {};
  on_copied_ = [](uint64_t keys) {
    if (keys == 4) throw Killed();
  };
  EXPECT_THROW((void)Copy(), Killed);
  from_.Rotate("a", "k1");
  on_copied_ = nullptr;
  ASSERT_OK_AND_ASSIGN(const CopyReport report, Copy());
  EXPECT_EQ(report.keys, 5u);  // of b and c, and what has changed of a
  ExpectSame();
}

TEST_F(StoreCopy, OtherTargetsAreRefused) {
  from_.HaveRichTenant();
  const auto refused = StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists);
  CopyRequest request{false, "alice@db1", {}, {}, {}, {}};
  Installation other;
  EXPECT_THAT(CopyStore(from_.store(), other.store(), from_.root(), SystemClock(), request),
              refused);
  EXPECT_THAT(CopyStore(from_.store(), from_.store(), from_.root(), SystemClock(), request),
              refused);
  // An unfinished copy of another store.
  ASSERT_OK(Copy());
  other.HaveTenant("globex");
  EXPECT_THAT(CopyStore(other.store(), *target_, other.root(), SystemClock(), request), refused);
  // And a root that is not the source's.
  EXPECT_THAT(CopyStore(from_.store(), *target_, other.root(), SystemClock(), request),
              StatusIs(Reason::kRootWrongKey));
}

TEST_F(StoreCopy, ADifferenceIsFound) {
  from_.HaveRichTenant();
  ASSERT_OK(Copy());
  ASSERT_OK_AND_ASSIGN(KeyRecord key, target_->GetKey("acme", "cards", kNoDeadline));
  key.labels["altered"] = "yes";
  ASSERT_OK(target_->ChangeKey({key, {}}, {"request-x", std::string(32, 'f')}, kNoDeadline));
  const auto report = Copy(true);
  EXPECT_THAT(report, StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
  EXPECT_THAT(report.status().message(), HasSubstr("keys of tenant acme"));
  ASSERT_OK_AND_ASSIGN(const auto binding, target_->GetRootBinding(kNoDeadline));
  EXPECT_FALSE(binding.has_value());
}

TEST_F(StoreCopy, ADifferenceOfFieldsIsFound) {
  from_.HaveRichTenant();
  ASSERT_OK(Copy());
  ASSERT_OK_AND_ASSIGN(FieldRecord field, target_->GetField("acme", "pan", kNoDeadline));
  field.policy = "altered";
  ASSERT_OK(target_->PutField(field, {"request-x", std::string(32, 'f')}, kNoDeadline));
  const auto report = Copy(true);
  EXPECT_THAT(report, StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
  EXPECT_THAT(report.status().message(), HasSubstr("fields of tenant acme"));
}

}  // namespace
}  // namespace fieldkms::testing
