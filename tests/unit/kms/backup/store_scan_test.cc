#include "kms/backup/store_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "crypto/status.h"
#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/backup/backup_fixture.h"
#include "tests/unit/kms/keyring/watched.h"

namespace fieldkms::testing {
namespace {

// What a scan has seen last of each key, and of tenants.
struct Seen {
  std::map<std::string, WholeKey> keys;  // tenant/name
  std::map<std::string, uint64_t> aliases;
  std::map<std::string, std::string> fields;
  std::map<std::string, WholeTenant> tenants;
  std::function<void(const WholeKey&)> meanwhile;

  ScanVisitor Visitor() {
    return {[this](const WholeKey& whole) {
              keys[whole.key.tenant + "/" + whole.key.name] = whole;
              if (meanwhile) meanwhile(whole);
              return absl::OkStatus();
            },
            [this](const AliasRecord& alias) {
              aliases[alias.tenant + "/" + alias.alias] = alias.key_id;
              return absl::OkStatus();
            },
            [this](const FieldRecord& field) {
              fields[field.tenant + "/" + field.name] = field.policy;
              return absl::OkStatus();
            },
            [this](const WholeTenant& whole) {
              tenants[whole.tenant.tenant] = whole;
              return absl::OkStatus();
            }};
  }
};

class StoreScan : public ::testing::Test {
 protected:
  absl::StatusOr<uint64_t> Scan(const ScanRequest& request) {
    return ScanStore(in_.store(), SystemClock(), request, seen_.Visitor());
  }

  TempDir dir_;
  Installation in_;
  Seen seen_;
};

TEST_F(StoreScan, ReadsAgainWhatChangesMeanwhile) {
  in_.HaveRichTenant();
  int changes = 0;
  seen_.meanwhile = [&](const WholeKey&) {
    if (++changes > 1) return;
    in_.Rotate("acme", "cards");
    in_.HaveTenant("globex");
    in_.HaveKey("globex", "k");
    in_.HaveAlias("acme", "pan", "");
    in_.HaveAlias("acme", "new", "cards");
    in_.HaveField("acme", "pan", "changed");
    in_.HaveField("globex", "f", "new");
  };
  ASSERT_OK_AND_ASSIGN(const uint64_t change, Scan({}));
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, in_.store().GetChangeNumber(kNoDeadline));
  EXPECT_EQ(change, newest);
  EXPECT_EQ(seen_.keys["acme/cards"].key.primary_version, 4u);
  EXPECT_EQ(seen_.keys["acme/cards"].versions.size(), 4u);
  EXPECT_TRUE(seen_.keys.contains("globex/k"));
  EXPECT_EQ(seen_.aliases["acme/pan"], 0u);
  EXPECT_NE(seen_.aliases["acme/new"], 0u);
  EXPECT_EQ(seen_.fields["acme/pan"], "changed");
  EXPECT_EQ(seen_.fields["globex/f"], "new");
  EXPECT_EQ(seen_.tenants["acme"].keks.size(), 2u);
  EXPECT_EQ(seen_.tenants.size(), 2u);
}

TEST_F(StoreScan, ReadsFieldsToTheirEnd) {
  in_.HaveTenant("acme");
  for (int i = 0; i < 120; ++i) in_.HaveField("acme", "f" + std::to_string(i), "{}");
  ASSERT_OK(Scan({}));
  EXPECT_EQ(seen_.fields.size(), 120u);
}

TEST_F(StoreScan, OthersDoNotKeepATenantFromItsRest) {
  in_.HaveTenant("acme");
  in_.HaveKey("acme", "k");
  in_.HaveTenant("globex");
  seen_.meanwhile = [&](const WholeKey&) { in_.HaveKey("globex", "k"); };
  ScanRequest request;
  request.tenants = {"acme"};
  ASSERT_OK(Scan(request));
  EXPECT_EQ(seen_.keys.size(), 1u);
  EXPECT_EQ(seen_.tenants.size(), 1u);
}

TEST_F(StoreScan, AStoreWithoutRestIsToldOf) {
  in_.HaveTenant("acme");
  in_.HaveKey("acme", "k");
  seen_.meanwhile = [&](const WholeKey&) { in_.Rotate("acme", "k"); };
  EXPECT_THAT(Scan({}), StatusIs(absl::StatusCode::kAborted, Reason::kStoreUnavailable));
  EXPECT_TRUE(seen_.tenants.empty());
}

// What was heard of changes may be old, and is not what a scan goes by.
TEST_F(StoreScan, AStoreThatDoesNotTellItsNumberIsNotReadFurther) {
  WatchedStore watched(OpenSqliteStore(dir_.File("store.db"), SystemClock()).value());
  ASSERT_OK(watched.CreateTenant("acme", {1, "kek", {}}, {"request-1", std::string(32, 'f')},
                                 kNoDeadline));
  const auto down = [] {
    return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, "down");
  };
  watched.watch().SetHook("WaitForChange", down);
  ASSERT_OK(ScanStore(watched, SystemClock(), {}, seen_.Visitor()));
  EXPECT_EQ(seen_.tenants.size(), 1u);
  seen_.tenants.clear();
  watched.watch().SetHook("GetTenant", [&] {
    watched.watch().SetHook("GetChangeNumber", down);
    return absl::OkStatus();
  });
  EXPECT_THAT(ScanStore(watched, SystemClock(), {}, seen_.Visitor()),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  EXPECT_TRUE(seen_.tenants.empty());
}

TEST_F(StoreScan, OnlyWhatHasChangedAndTenantsThatAreNew) {
  in_.HaveRichTenant();
  in_.HaveTenant("quiet");
  ASSERT_OK_AND_ASSIGN(const uint64_t before, in_.store().GetChangeNumber(kNoDeadline));
  in_.Rotate("acme", "cards");
  in_.HaveField("acme", "new", "{}");
  // Imported: its keys have numbers of before.
  WholeKey whole = {};
  whole.key.tenant = "globex";
  whole.key.name = "k";
  whole.key.key_id = 77;
  whole.key.primary_version = 1;
  whole.versions.resize(1);
  whole.versions[0].version = 1;
  whole.versions[0].kek_version = 1;
  whole.versions[0].wrapped = "w";
  constexpr ImportId kImport{1};
  ASSERT_OK(in_.store().StageKeys(kImport, "globex", std::vector{whole}, kNoDeadline));
  const std::vector<StagedTenant> globex = {{{{"globex", {}, 1, 0}, {{1, "kek", {}}}}, {1, 1, 0}}};
  ASSERT_OK(in_.store().ApplyStaged(kImport, globex, ImportMode::kNew, 0, kNoDeadline));
  ScanRequest request;
  request.after = before;
  request.known = {"acme", "quiet"};
  ASSERT_OK(Scan(request));
  EXPECT_EQ(seen_.fields.size(), 1u);
  EXPECT_TRUE(seen_.fields.contains("acme/new"));
  EXPECT_EQ(seen_.keys.size(), 2u);
  EXPECT_TRUE(seen_.keys.contains("acme/cards"));
  EXPECT_TRUE(seen_.keys.contains("globex/k"));
  EXPECT_EQ(seen_.tenants.size(), 2u);
  EXPECT_FALSE(seen_.tenants.contains("quiet"));
}

}  // namespace
}  // namespace fieldkms::testing
