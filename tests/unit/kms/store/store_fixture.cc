#include "tests/unit/kms/store/store_fixture.h"

#include <sqlite3.h>

#include <filesystem>

#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/fault_vfs.h"

namespace fieldkms::testing {
namespace {

constexpr WallTime kTime{std::chrono::microseconds(1'700'000'000'000'001)};

Mutation MutationOf(const std::string& name) {
  return {"request-" + name, std::string(32 - name.size(), '#') + name};
}
KeyVersionRecord VersionOf(uint32_t version) {
  KeyVersionRecord made;
  made.version = version;
  made.kek_version = 1;
  made.wrapped = StoreFixture::WrappedOf(version);
  made.create_time = kTime;
  return made;
}

}  // namespace

std::string StoreFixture::WrappedOf(uint32_t version) {
  return "wrapped " + std::to_string(version) + " end";
}

StoreFixture::StoreFixture() { FaultVfs::Install(); }

StoreFixture::~StoreFixture() { FaultVfs::Disarm(); }

absl::Status StoreFixture::Open() {
  Close();
  auto opened = OpenSqliteStore(path_, SystemClock());
  if (!opened.ok()) return std::move(opened).status();
  store_ = std::move(opened).value();
  return absl::OkStatus();
}

std::map<std::string, std::string> StoreFixture::Files() const {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory())) {
    const std::string name = entry.path().filename();
    if (!name.ends_with("-shm")) files[name] = ReadFile(entry.path());
  }
  return files;
}

void StoreFixture::SetFiles(const std::map<std::string, std::string>& files) const {
  for (const auto& entry : std::filesystem::directory_iterator(directory())) {
    std::filesystem::remove(entry.path());
  }
  for (const auto& [name, content] : files) WriteFile(File(name), content);
}

void StoreFixture::RunSql(const std::string& sql) const {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
}

absl::Status StoreFixture::CreateTenant() {
  return store()
      .CreateTenant("acme", {1, "kek", kTime}, MutationOf("tenant"), kNoDeadline)
      .status();
}

absl::Status StoreFixture::CreateKey(uint64_t key_id) {
  const std::string name = "key-" + std::to_string(key_id);
  KeyRecord key;
  key.tenant = "acme";
  key.name = name;
  key.key_id = key_id;
  key.create_time = kTime;
  return store().CreateKey(key, VersionOf(1), MutationOf(name), kNoDeadline).status();
}

absl::Status StoreFixture::Rotate(uint32_t version) {
  FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key, store().GetKeyById("acme", 7, kNoDeadline));
  key.primary_version = version;
  const Mutation mutation = MutationOf("rotate-" + std::to_string(version));
  const auto applied = store().ChangeKey({key, {VersionOf(version)}}, mutation, kNoDeadline);
  if (applied.ok()) {
    EXPECT_EQ(applied->value.primary_version, version);
  }
  return applied.status();
}

absl::Status StoreFixture::Destroy(uint32_t version) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key, store().GetKeyById("acme", 7, kNoDeadline));
  KeyVersionRecord gone = VersionOf(version);
  gone.state = VersionState::kDestroyed;
  gone.wrapped.clear();
  gone.destroy_time = kTime;
  const Mutation mutation = MutationOf("destroy-" + std::to_string(version));
  return store().ChangeKey({key, {gone}}, mutation, kNoDeadline).status();
}

uint32_t StoreFixture::CheckedPrimary() {
  const auto key = store().GetKeyById("acme", 7, kNoDeadline);
  if (absl::IsNotFound(key.status())) return 0;
  EXPECT_OK(key);
  if (!key.ok()) return 0;
  const auto versions = store().ListKeyVersions("acme", 7, 0, 1000, kNoDeadline);
  EXPECT_OK(versions);
  uint32_t expected = key->primary_version;
  for (const KeyVersionRecord& version : versions.value()) {
    EXPECT_EQ(version.version, expected);
    const bool destroyed = version.state == VersionState::kDestroyed;
    EXPECT_EQ(version.wrapped, destroyed ? "" : WrappedOf(expected));
    --expected;
  }
  EXPECT_EQ(expected, 0u);
  return key->primary_version;
}

}  // namespace fieldkms::testing
