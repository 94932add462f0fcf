// A store that someone has written to: wrapped keys that were altered, swapped or
// moved do not open, and a root key that is not the store's is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "kms/root/local_root.h"
#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class KeyringDamage : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    for (const char* tenant : {"acme", "globex"}) {
      HaveTenant(tenant);
      HaveKey(tenant, "k");
      HaveKey(tenant, "x");
      ASSERT_OK(admin().RotateKey(tenant, "k", 1, FreshId(), kNoDeadline));
    }
  }

  // Changes the closed store's tables, then starts again.
  void Tamper(const std::string& sql) {
    Close();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(store_path().c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    ASSERT_GT(sqlite3_total_changes(db), 0);
    ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
    Restart();
  }
  absl::Status Load(std::string_view tenant, std::string_view name) {
    return keyring().LoadByName(tenant, name, kNoDeadline);
  }
  // Opens store and root as a new process would; returns what became of it.
  absl::Status Start() {
    Close();
    auto root = OpenLocalRoot(root_path());
    FIELDKMS_RETURN_IF_ERROR(root.status());
    auto store = OpenSqliteStore(store_path(), SystemClock());
    FIELDKMS_RETURN_IF_ERROR(store.status());
    return Keyring::Open(**store, **root, SystemClock()).status();
  }
};

auto Damaged() { return StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt); }

// The id of a key, in SQL.
std::string Id(const std::string& tenant, const std::string& name) {
  return "(SELECT key_id FROM keys WHERE tenant = '" + tenant + "' AND name = '" + name + "')";
}
std::string CopyWrapped(const std::string& from_id, int from_version, const std::string& to_id,
                        int to_version) {
  return "UPDATE key_versions SET wrapped = (SELECT wrapped FROM key_versions WHERE key_id = " +
         from_id + " AND version = " + std::to_string(from_version) + ") WHERE key_id = " + to_id +
         " AND version = " + std::to_string(to_version);
}

TEST_F(KeyringDamage, VersionOfAnotherVersion) {
  Tamper(CopyWrapped(Id("acme", "k"), 1, Id("acme", "k"), 2));
  EXPECT_THAT(Load("acme", "k"), Damaged());
  EXPECT_EQ(keyring().Snapshot().FindByName("acme", "k"), nullptr);
  EXPECT_OK(Load("globex", "k"));
}

TEST_F(KeyringDamage, VersionOfAnotherKey) {
  Tamper(CopyWrapped(Id("acme", "x"), 1, Id("acme", "k"), 1));
  ASSERT_OK(Load("acme", "k"));
  ASSERT_OK_AND_ASSIGN(const KeyRecord key, admin().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(keyring().LoadById("acme", key.key_id, 1, kNoDeadline), Damaged());
  EXPECT_OK(keyring().LoadById("acme", key.key_id, 2, kNoDeadline));
}

TEST_F(KeyringDamage, VersionOfAnotherTenant) {
  Tamper(CopyWrapped(Id("globex", "x"), 1, Id("acme", "x"), 1));
  EXPECT_THAT(Load("acme", "x"), Damaged());
}

TEST_F(KeyringDamage, KeyMovedToAnotherTenant) {
  Tamper("UPDATE keys SET tenant = 'globex', name = 'stolen' WHERE key_id = " + Id("acme", "x"));
  EXPECT_THAT(Load("globex", "stolen"), Damaged());
}

TEST_F(KeyringDamage, KekOfAnotherTenant) {
  Tamper(
      "UPDATE keks SET wrapped = (SELECT wrapped FROM keks WHERE tenant = 'globex') "
      "WHERE tenant = 'acme'");
  EXPECT_THAT(Load("acme", "k"), Damaged());
  EXPECT_OK(Load("globex", "k"));
}

TEST_F(KeyringDamage, TenantMovedWithAllItHas) {
  Tamper(
      "UPDATE keks SET tenant = 'acme2' WHERE tenant = 'acme';"
      "UPDATE keys SET tenant = 'acme2' WHERE tenant = 'acme';"
      "UPDATE tenants SET tenant = 'acme2' WHERE tenant = 'acme'");
  EXPECT_THAT(Load("acme2", "k"), Damaged());
}

TEST_F(KeyringDamage, AlteredWrappedKeys) {
  Tamper("UPDATE key_versions SET wrapped = zeroblob(72) WHERE key_id = " + Id("acme", "x"));
  EXPECT_THAT(Load("acme", "x"), Damaged());
  EXPECT_OK(Load("acme", "k"));
  Tamper("UPDATE keks SET wrapped = x'' WHERE tenant = 'acme'");
  EXPECT_THAT(Load("acme", "k"), Damaged());
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "new"), FreshId(), kNoDeadline), Damaged());
}

TEST_F(KeyringDamage, MissingRows) {
  ASSERT_OK_AND_ASSIGN(const KeyRecord other, admin().GetKey("globex", "k", kNoDeadline));
  Tamper("DELETE FROM key_versions WHERE version = 1 AND key_id = " + Id("globex", "k"));
  EXPECT_THAT(keyring().LoadById("globex", other.key_id, 1, kNoDeadline), Damaged());
  EXPECT_OK(Load("globex", "k"));
  Tamper("DELETE FROM key_versions WHERE version = 2 AND key_id = " + Id("acme", "k"));
  EXPECT_THAT(Load("acme", "k"), Damaged());
  Tamper("DELETE FROM keks WHERE tenant = 'globex'");
  EXPECT_THAT(Load("globex", "k"), Damaged());
}

TEST_F(KeyringDamage, RowsThatCannotBe) {
  Tamper("UPDATE keys SET purpose = 200 WHERE key_id = " + Id("acme", "x"));
  EXPECT_THAT(Load("acme", "x"), Damaged());
  Tamper("UPDATE key_versions SET state = 9 WHERE key_id = " + Id("acme", "k"));
  EXPECT_THAT(Load("acme", "k"), Damaged());
  Tamper("UPDATE keys SET primary_version = 77 WHERE key_id = " + Id("globex", "k"));
  EXPECT_THAT(Load("globex", "k"), Damaged());
}

// Whatever byte of the file is wrong: what loads as a version of a key is that
// version, and what does not load says why.
TEST_F(KeyringDamage, FlippedBytesNeverLoadAWrongKey) {
  const KeySnapshot& snapshot = keyring().Snapshot();
  const uint64_t id = snapshot.FindByName("acme", "k")->record.key_id;
  const std::string sealed = Seal(*snapshot.FindByName("acme", "k"));  // under version 2
  Close();
  const std::string whole = ReadFile(store_path());
  int loaded = 0;
  for (size_t at = 0; at < whole.size(); at += 307) {
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ 0xff);
    WriteFile(store_path(), altered);
    ASSERT_OK_AND_ASSIGN(const auto root, OpenLocalRoot(root_path()));
    const auto store = OpenSqliteStore(store_path(), SystemClock());
    if (!store.ok()) continue;
    const auto keyring = Keyring::Open(**store, *root, SystemClock());
    if (!keyring.ok()) continue;
    const absl::Status status = (*keyring)->LoadById("acme", id, 2, kNoDeadline);
    if (status.ok()) {
      ++loaded;
      EXPECT_TRUE(Opens(*(*keyring)->Snapshot().FindById(id), 2, sealed)) << "byte " << at;
    } else {
      EXPECT_TRUE(absl::IsDataLoss(status) ||
                  PublicReason(ReasonOf(status)) == Reason::kDecryptFailed)
          << "byte " << at << ": " << status;
    }
  }
  EXPECT_GT(loaded, 0);
  WriteFile(store_path(), whole);
  Restart();
  EXPECT_OK(keyring().LoadById("acme", id, 2, kNoDeadline));
}

TEST_F(KeyringDamage, WrongRootIsRefusedAtTheStart) {
  ASSERT_OK(Start());
  std::filesystem::rename(root_path(), root_path() + ".kept");
  ASSERT_OK(CreateLocalRoot(root_path()));
  const absl::Status status = Start();
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey));
  EXPECT_THAT(std::string(status.message()), HasSubstr("local:" + root_path()));
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore"));
  std::filesystem::rename(root_path() + ".kept", root_path());
  EXPECT_OK(Start());
}

TEST_F(KeyringDamage, StoreWithoutItsBinding) {
  Close();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(store_path().c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "UPDATE meta SET value = zeroblob(72)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_THAT(Start(), StatusIs(Reason::kRootWrongKey));
  ASSERT_EQ(sqlite3_exec(db, "DELETE FROM meta", nullptr, nullptr, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
  EXPECT_THAT(Start(), Damaged());
}

TEST_F(KeyringDamage, ARootThatIsDownAtTheStartIsCheckedBeforeAnythingIsWrapped) {
  const auto down = [] {
    return Error(StatusCode::kUnavailable, Reason::kRootUnavailable, "down");
  };
  root().watch().SetHook("Unwrap", down);
  const int wrapped = root().watch().Count("Wrap");
  ASSERT_OK_AND_ASSIGN(const auto keyring, Keyring::Open(store(), root(), SystemClock()));
  EXPECT_THAT(keyring->admin().CreateTenant("initech", FreshId(), kNoDeadline),
              StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
  EXPECT_EQ(root().watch().Count("Wrap"), wrapped);
  root().watch().SetHook("Unwrap", nullptr);
  EXPECT_OK(keyring->admin().CreateTenant("initech", FreshId(), kNoDeadline));
}

TEST_F(KeyringDamage, ANewStoreNeedsItsRoot) {
  TempDir directory;
  ASSERT_OK_AND_ASSIGN(const auto fresh,
                       OpenSqliteStore(directory.File("store.db"), SystemClock()));
  root().watch().SetHook(
      "Wrap", [] { return Error(StatusCode::kUnavailable, Reason::kRootUnavailable, "down"); });
  EXPECT_THAT(Keyring::Open(*fresh, root(), SystemClock()),
              StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
}

}  // namespace
}  // namespace fieldkms::testing
