// From SQLite to PostgreSQL while the service is used: nothing that was answered is lost.
#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/backup/installation_fixture.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kConflict = 8;

class StoreCopyBesideDaemons : public ::testing::Test {
 protected:
  void SetUp() override {
    // A child of this thread, as the server is to outlive the others.
    PostgresServer::Shared();
    from_.Start();
    ASSERT_OK(from_.CreateTenant("acme"));
    ASSERT_OK(from_.CreateKey("acme", "first"));
  }
  std::vector<std::string> CopyArguments(const Served& to) const {
    return {"store", "copy", "--config", from_.config(), "--to", to.config()};
  }
  // Makes keys, rotates them and seals, until the store is frozen; what was sealed is
  // in `sealed_`.
  void Use() {
    for (int i = 0; !stop_; ++i) {
      const std::string key = "k" + std::to_string(i);
      if (!Goes(from_.CreateKey("acme", key)) || !Goes(Seal(key)) ||
          !Goes(from_.RotateKey("acme", key)) || !Goes(Seal(key))) {
        return;
      }
      if (i % 20 == 0) {
        const std::string tenant = "t" + std::to_string(i);
        if (!Goes(from_.CreateTenant(tenant))) return;
      }
      rounds_ = i + 1;
    }
  }

  TempDir dir_;
  Served from_{"old", kLocalRoot};
  std::vector<std::string> sealed_;
  std::atomic<int> rounds_ = 0;
  std::atomic<bool> stop_ = false;

 private:
  // False where the store is frozen.
  static bool Goes(const absl::Status& status) {
    if (status.ok()) return true;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
    return false;
  }
  absl::Status Seal(const std::string& key) {
    const auto sealed = from_.Encrypt("acme", key);
    if (sealed.ok()) sealed_.push_back(*sealed);
    return sealed.status();
  }
};

TEST_F(StoreCopyBesideDaemons, MovesToPostgresUnderLoad) {
  Served to("new", "{local: {path: " + from_.data_dir() + "/root.key}}",
            PostgresStoreYaml(dir_.File("conninfo")));
  std::thread user([this] { Use(); });
  Await([this] { return rounds_ >= 10; });
  nlohmann::json report = CliJson(CopyArguments(to));
  EXPECT_EQ(report["complete"], false);
  EXPECT_GE(report["copied_keys"], 10);
  std::vector<std::string> final = CopyArguments(to);
  final.emplace_back("--final");
  report = CliJson(final);
  EXPECT_EQ(report["complete"], true);
  EXPECT_GE(report["compared_keys"], 11);
  user.join();  // told that the store is frozen
  ASSERT_GE(sealed_.size(), 20u);

  // Reads go on at the old one, until the new one serves.
  EXPECT_OK(from_.Decrypt("acme", sealed_.front()));
  EXPECT_OK(from_.Encrypt("acme", "first"));
  to.Start();
  for (const std::string& sealed : sealed_) EXPECT_OK(to.Decrypt("acme", sealed));
  EXPECT_OK(to.CreateKey("acme", "after"));
  EXPECT_THAT(from_.CreateKey("acme", "after"),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));

  // What serves is not written over.
  const CommandResult again = Cli(CopyArguments(to));
  EXPECT_EQ(again.status.code, kConflict);
  EXPECT_THAT(again.err, HasSubstr("nothing is written over it"));
}

TEST_F(StoreCopyBesideDaemons, CanBeTakenBack) {
  Served to("new", "{local: {path: " + from_.data_dir() + "/root.key}}",
            PostgresStoreYaml(dir_.File("conninfo")));
  std::vector<std::string> final = CopyArguments(to);
  final.emplace_back("--final");
  EXPECT_EQ(CliJson(final)["complete"], true);
  EXPECT_FALSE(from_.CreateKey("acme", "k").ok());
  EXPECT_EQ(CliJson({"store", "thaw", "--config", from_.config()})["was_frozen"], true);
  EXPECT_OK(from_.CreateKey("acme", "k"));
}

TEST_F(StoreCopyBesideDaemons, AnotherRootIsRefused) {
  Served to("new", kLocalRoot, PostgresStoreYaml(dir_.File("conninfo")));
  to.Start();  // makes a root of its own
  const CommandResult refused = Cli(CopyArguments(to));
  EXPECT_EQ(refused.status.code, kConflict);
  EXPECT_THAT(refused.err, HasSubstr("ROOT_WRONG_KEY"));
}

}  // namespace
}  // namespace fieldkms::testing
