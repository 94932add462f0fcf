// From one root to another, step by step, while the service seals and opens.
#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/backup/installation_fixture.h"
#include "tests/support/postgres_server.h"
#include "tests/support/soft_token.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kConflict = 8;

class RootMigrate : public ::testing::Test {
 protected:
  // `next`: YAML of the new root.
  void NextRoot(const std::string& next) {
    next_ = next;
    WriteFile(to_, "root: " + next + "\n");
  }
  CommandResult Migrate(const Served& in, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"root", "migrate", "--config", in.config(), "--to", to_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Cli(arguments);
  }
  static void HaveKeys(Served& in) {
    for (const char* tenant : {"acme", "globex"}) {
      ASSERT_OK(in.CreateTenant(tenant));
      ASSERT_OK(in.CreateKey(tenant, "k"));
    }
  }
  // All steps, with the service in use during the move itself.
  void MoveStepByStep(Served& in, const std::string& old, std::vector<std::string> more = {}) {
    const auto sealed = in.Encrypt("acme", "k");
    ASSERT_OK(sealed);
    CommandResult result = Migrate(in, more);
    EXPECT_EQ(result.status.code, kConflict);
    EXPECT_THAT(result.err, HasSubstr("step 1 of 3"));
    in.StartOn(old, next_);
    result = Migrate(in, more);
    EXPECT_EQ(result.status.code, kConflict);
    EXPECT_THAT(result.err, HasSubstr("step 2 of 3"));
    // Written, but the service has not read it.
    in.Configure(next_, old);
    result = Migrate(in, more);
    EXPECT_EQ(result.status.code, kConflict);
    EXPECT_THAT(result.err, HasSubstr("restart it"));
    in.Start();
    UseDuring(in, [&] { result = Migrate(in, more); });
    ASSERT_EQ(result.status.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("2 tenant keys of 2 tenants"));
    EXPECT_THAT(result.out, HasSubstr("Step 3 of 3"));
    in.StartOn(next_);
    result = Migrate(in, more);
    ASSERT_EQ(result.status.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("The old root may go"));
    EXPECT_OK(in.Decrypt("acme", *sealed));
    EXPECT_OK(in.CreateTenant("initech"));
  }

  const TempDir dir_;
  const std::string to_ = dir_.File("new-root.yaml");
  std::string next_;

 private:
  static void UseDuring(Served& in, const std::function<void()>& work) {
    std::atomic<bool> stop = false;
    std::atomic<int> rounds = 0;
    std::thread user([&] {
      while (!stop) {
        const auto sealed = in.Encrypt("globex", "k");
        EXPECT_OK(sealed);
        EXPECT_OK(in.Decrypt("globex", sealed.value_or("")));
        ++rounds;
      }
    });
    Await([&] { return rounds > 0; });
    work();
    const int before = rounds;
    Await([&] { return rounds > before; });
    stop = true;
    user.join();
  }
};

TEST_F(RootMigrate, FromAFileToAToken) {
  SoftTokens tokens;
  tokens.Make("bank");
  const std::string token = "{pkcs11: {module: " + SoftTokens::Module() +
                            ", token_label: bank, key_label: fieldkms, create_if_missing: true, "
                            "pin_file: " +
                            tokens.pin_file() + "}}";
  Served served("old", kLocalRoot);
  served.Start();
  HaveKeys(served);
  NextRoot(token);
  MoveStepByStep(served, kLocalRoot);
  std::filesystem::remove(served.data_dir() + "/root.key");
  served.Start();
  EXPECT_OK(served.Encrypt("acme", "k"));
}

TEST_F(RootMigrate, FromAFileToAFileInPostgres) {
  PostgresServer::Shared();
  Served served("old", kLocalRoot, PostgresStoreYaml(dir_.File("conninfo")));
  served.Start();
  HaveKeys(served);
  NextRoot("{local: {path: " + dir_.File("next.key") + ", create_if_missing: true}}");
  // Other replicas of a shared store are not to be seen from here.
  served.Configure(kLocalRoot);
  MoveStepByStep(served, kLocalRoot, {"--replicas-ready"});
}

TEST_F(RootMigrate, OfASharedStoreTheOperatorSaysThatAllAreReady) {
  PostgresServer::Shared();
  Served served("old", kLocalRoot, PostgresStoreYaml(dir_.File("conninfo")));
  served.Start();
  HaveKeys(served);
  NextRoot("{local: {path: " + dir_.File("next.key") + ", create_if_missing: true}}");
  EXPECT_EQ(Migrate(served).status.code, kConflict);  // makes the new root
  served.StartOn(next_, kLocalRoot);
  const CommandResult asked = Migrate(served);
  EXPECT_EQ(asked.status.code, kConflict);
  EXPECT_THAT(asked.err, HasSubstr("--replicas-ready"));
  EXPECT_EQ(Migrate(served, {"--replicas-ready"}).status.code, 0);
}

TEST_F(RootMigrate, AtOnceWhereNoServiceRuns) {
  Served served("old", kLocalRoot);
  served.Start();
  HaveKeys(served);
  const auto sealed = served.Encrypt("acme", "k");
  ASSERT_OK(sealed);
  served.Stop();
  NextRoot("{local: {path: " + dir_.File("next.key") + ", create_if_missing: true}}");
  const CommandResult moved = Migrate(served);
  ASSERT_EQ(moved.status.code, 0) << moved.err;
  EXPECT_THAT(moved.out, HasSubstr("Now make the root of"));
  served.StartOn(next_);
  EXPECT_OK(served.Decrypt("acme", *sealed));
  // And says when something was left behind.
  served.StartOn(kLocalRoot, next_);
  ASSERT_OK(served.CreateTenant("late"));
  served.StartOn(next_);
  const CommandResult late = Migrate(served);
  EXPECT_EQ(late.status.code, kConflict);
  EXPECT_THAT(late.err, HasSubstr("1 of 3 tenant keys"));
}

TEST_F(RootMigrate, TheSameRootIsTold) {
  Served served("old", kLocalRoot);
  served.Start();
  HaveKeys(served);
  // By another name.
  std::filesystem::copy(served.data_dir() + "/root.key", dir_.File("copy.key"));
  std::filesystem::permissions(dir_.File("copy.key"), std::filesystem::perms::owner_read);
  NextRoot("{local: {path: " + dir_.File("copy.key") + "}}");
  const CommandResult refused = Migrate(served);
  EXPECT_EQ(refused.status.code, kConflict);
  EXPECT_THAT(refused.err, HasSubstr("both roots are one"));
}

}  // namespace
}  // namespace fieldkms::testing
