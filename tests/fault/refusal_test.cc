// Data directories that a daemon must refuse to serve, saying why and what to do,
// and touching nothing.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "clients/cpp/client.h"
#include "tests/support/daemon.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::fault {
namespace {

using ::fieldkms::testing::Daemon;
using ::fieldkms::testing::ExitStatus;
using ::fieldkms::testing::ReadFile;
using ::fieldkms::testing::TempDir;
using ::fieldkms::testing::WriteFile;
using ::testing::HasSubstr;

class RefusalTest : public ::testing::Test {
 protected:
  RefusalTest() : daemon_({.data_dir = dir_.File("data")}) {}

  // Makes a data directory with a tenant and a sealed value, stopped in good order.
  void SetUp() override {
    ASSERT_THAT(daemon_.Start(), IsOk());
    ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon_.target()}));
    v1::CreateTenantRequest tenant;
    tenant.set_tenant("acme");
    ASSERT_THAT(client->CreateTenant(tenant), IsOk());
    v1::CreateKeyRequest key;
    key.set_tenant("acme");
    key.set_name("customers.card_number");
    ASSERT_THAT(client->CreateKey(key), IsOk());
    v1::EncryptRequest request;
    request.set_tenant("acme");
    request.set_key("customers.card_number");
    request.set_plaintext("value");
    ASSERT_OK_AND_ASSIGN(const auto sealed, client->Encrypt(request));
    ciphertext_ = sealed.ciphertext();
    ASSERT_EQ(daemon_.Terminate(), (ExitStatus{0, 0}));
  }

  // The daemon ends by itself, not in good order, and names the reason.
  void ExpectRefused(const std::string& reason) {
    const ExitStatus end = daemon_.StartAndWait();
    EXPECT_EQ(end.signal, 0);
    EXPECT_GT(end.code, 0);
    EXPECT_THAT(daemon_.Log(), HasSubstr(reason));
  }

  // With the damage undone the daemon serves, and what was sealed opens.
  void ExpectServes() {
    ASSERT_THAT(daemon_.Start(), IsOk());
    ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon_.target()}));
    v1::DecryptRequest request;
    request.set_tenant("acme");
    request.set_ciphertext(ciphertext_);
    ASSERT_OK_AND_ASSIGN(const auto opened, client->Decrypt(request));
    EXPECT_EQ(opened.plaintext(), "value");
    EXPECT_EQ(daemon_.Terminate(), (ExitStatus{0, 0}));
  }

  std::string InData(const std::string& name) const { return dir_.File("data/" + name); }

  TempDir dir_;
  Daemon daemon_;
  std::string ciphertext_;
};

TEST_F(RefusalTest, StoreOfBytesThatAreNoDatabase) {
  const std::string good = ReadFile(InData("store.db"));
  const std::string bad(good.size(), 'x');
  WriteFile(InData("store.db"), bad);
  ExpectRefused("STORE_CORRUPT");
  EXPECT_EQ(ReadFile(InData("store.db")), bad);
  WriteFile(InData("store.db"), good);
  ExpectServes();
}

TEST_F(RefusalTest, StoreWithADamagedPage) {
  const std::string good = ReadFile(InData("store.db"));
  ASSERT_GT(good.size(), 8192u);
  std::string bad = good;
  // Every page but the first, which holds the header and the schema.
  for (size_t page = 4096; page + 512 <= bad.size(); page += 4096) {
    bad.replace(page, 512, std::string(512, '\xa5'));
  }
  WriteFile(InData("store.db"), bad);
  ExpectRefused("STORE_CORRUPT");
  WriteFile(InData("store.db"), good);
  ExpectServes();
}

TEST_F(RefusalTest, TruncatedStore) {
  const std::string good = ReadFile(InData("store.db"));
  WriteFile(InData("store.db"), good.substr(0, good.size() / 2));
  ExpectRefused("STORE_CORRUPT");
  WriteFile(InData("store.db"), good);
  ExpectServes();
}

TEST_F(RefusalTest, DatabaseOfAnotherProgram) {
  const std::string good = ReadFile(InData("store.db"));
  std::filesystem::remove(InData("store.db"));
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(InData("store.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE recipes(name TEXT)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  ASSERT_EQ(::chmod(InData("store.db").c_str(), 0600), 0);
  ExpectRefused("STORE_CORRUPT");
  WriteFile(InData("store.db"), good);
  ExpectServes();
}

TEST_F(RefusalTest, StoreOfANewerRelease) {
  const std::string good = ReadFile(InData("store.db"));
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(InData("store.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version=9999", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const std::string newer = ReadFile(InData("store.db"));
  ExpectRefused("STORE_TOO_NEW");
  EXPECT_EQ(ReadFile(InData("store.db")), newer);
  WriteFile(InData("store.db"), good);
  ExpectServes();
}

TEST_F(RefusalTest, RootKeyOfAnotherStore) {
  const TempDir other_dir;
  Daemon other({.data_dir = other_dir.File("data")});
  ASSERT_THAT(other.Start(), IsOk());
  ASSERT_EQ(other.Terminate(), (ExitStatus{0, 0}));
  const std::string good = ReadFile(InData("root.key"));
  WriteFile(InData("root.key"), ReadFile(other_dir.File("data/root.key")));
  ExpectRefused("ROOT_WRONG_KEY");
  EXPECT_THAT(daemon_.Log(), HasSubstr("root.key")) << "what to do must name the file";
  WriteFile(InData("root.key"), good);
  ExpectServes();
}

// A lost root key must not be replaced by a new one: what it wraps is still there.
TEST_F(RefusalTest, LostRootKey) {
  const std::string good = ReadFile(InData("root.key"));
  std::filesystem::remove(InData("root.key"));
  ExpectRefused("ROOT_UNAVAILABLE");
  EXPECT_THAT(daemon_.Log(), HasSubstr("restore the file from your backup"));
  WriteFile(InData("root.key"), good);
  ExpectServes();
}

TEST_F(RefusalTest, RootKeyThatOthersMayRead) {
  for (const mode_t mode : {0640u, 0604u, 0660u}) {
    ASSERT_EQ(::chmod(InData("root.key").c_str(), mode), 0);
    ExpectRefused("ROOT_FILE_PERMISSIONS");
    EXPECT_THAT(daemon_.Log(), HasSubstr("chmod 600"));
  }
  ASSERT_EQ(::chmod(InData("root.key").c_str(), 0600), 0);
  ExpectServes();
}

TEST_F(RefusalTest, SecondDaemonOnTheSameDirectory) {
  ASSERT_THAT(daemon_.Start(), IsOk());
  Daemon second({.data_dir = daemon_.data_dir(), .log_path = dir_.File("second.log")});
  const ExitStatus end = second.StartAndWait();
  EXPECT_GT(end.code, 0);
  EXPECT_THAT(second.Log(), HasSubstr("DATA_DIR_IN_USE"));
  // The first one did not notice: the second has not taken its socket away.
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon_.target()}));
  EXPECT_THAT(client->CheckHealth(), IsOk());
  // Nor does a killed one leave a lock behind.
  daemon_.Kill();
  ExpectServes();
}

}  // namespace
}  // namespace fieldkms::fault
