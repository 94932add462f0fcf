// Backup and restore beside real daemons: what was sealed before opens after, under another root.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "tests/integration/backup/installation_fixture.h"
#include "tests/support/postgres_server.h"
#include "tests/support/soft_token.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kDoesNotOpen = 5;
constexpr int kConflict = 8;

class Backup : public ::testing::Test {
 protected:
  void SetUp() override {
    from_.Start();
    for (const char* tenant : {"acme", "globex"}) {
      ASSERT_OK(from_.CreateTenant(tenant));
      ASSERT_OK(from_.CreateKey(tenant, "k"));
    }
    ASSERT_OK_AND_ASSIGN(old_, from_.Encrypt("acme", "k"));
    ASSERT_OK(from_.RotateKey("acme", "k"));
    ASSERT_OK_AND_ASSIGN(new_, from_.Encrypt("acme", "k"));
    ASSERT_OK_AND_ASSIGN(other_, from_.Encrypt("globex", "k"));
    passphrase_ = from_.PrivateFile("passphrase", "correct horse battery staple\n");
  }
  void MakeRecoveryKey() {
    const nlohmann::json made = CliJson({"backup", "make-recovery-key", "--private", private_,
                                         "--public", public_, "--passphrase-file", passphrase_});
    EXPECT_EQ(made["fingerprint"].get<std::string>().size(), 64u);
  }
  nlohmann::json Create(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"backup", "create",     "--config", from_.config(),
                                          "--out",  backup_file_, "--force"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return CliJson(arguments);
  }
  std::vector<std::string> ByRecoveryKey() const {
    return {"--recovery-key", private_, "--recovery-passphrase-file", passphrase_};
  }
  CommandResult Restore(const Served& to, std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"backup",    "restore", "--config",
                                          to.config(), "--from",  backup_file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Cli(arguments);
  }
  void ExpectAllOpens(Served& in) {
    EXPECT_OK(in.Decrypt("acme", old_));
    EXPECT_OK(in.Decrypt("acme", new_));
    EXPECT_OK(in.Decrypt("globex", other_));
    EXPECT_OK(in.RotateKey("acme", "k"));
    EXPECT_OK(in.Encrypt("acme", "k"));
  }

  Served from_{"from", kLocalRoot};
  const std::string backup_file_ = from_.File("keys.fkb");
  const std::string private_ = from_.File("recovery.key");
  const std::string public_ = from_.File("recovery.pem");
  std::string passphrase_;
  std::string old_, new_, other_;
};

TEST_F(Backup, RestoresUnderAnotherRootInAnotherStoreBesideItsService) {
  MakeRecoveryKey();
  const nlohmann::json made = Create({"--recovery-key", public_});
  EXPECT_EQ(made["tenants"], 2);
  EXPECT_EQ(made["keys"], 2);
  EXPECT_EQ(made["versions"], 3);
  struct stat info {};
  ASSERT_EQ(stat(backup_file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  from_.Stop();
  std::filesystem::remove_all(from_.data_dir());

  const TempDir dir;
  SoftTokens tokens;
  tokens.Make("bank");
  Served to("to",
            "{pkcs11: {module: " + SoftTokens::Module() +
                ", token_label: bank, key_label: fieldkms, create_if_missing: true, pin_file: " +
                tokens.pin_file() + "}}",
            PostgresStoreYaml(dir.File("conninfo")));
  to.Start();
  const CommandResult restored = Restore(to, ByRecoveryKey());
  ASSERT_EQ(restored.status.code, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("acme, globex"));
  ExpectAllOpens(to);
  to.Start();
  ExpectAllOpens(to);
}

TEST_F(Backup, RestoresBesideADaemonOnItsFile) {
  Create({"--passphrase-file", passphrase_});
  Served to("to", kLocalRoot);
  to.Start();
  const CommandResult one =
      Restore(to, {"--passphrase-file", passphrase_, "--tenant", "acme", "--json"});
  ASSERT_EQ(one.status.code, 0) << one.err;
  EXPECT_EQ(nlohmann::json::parse(one.out)["tenants"], nlohmann::json({"acme"}));
  EXPECT_OK(to.Decrypt("acme", new_));
  EXPECT_FALSE(to.Decrypt("globex", other_).ok());
  const CommandResult again = Restore(to, {"--passphrase-file", passphrase_});
  EXPECT_EQ(again.status.code, kConflict);
  EXPECT_THAT(again.err, HasSubstr("tenant acme exists"));
  EXPECT_THAT(again.err, HasSubstr("TENANT_EXISTS"));
  EXPECT_FALSE(to.Decrypt("globex", other_).ok());
  const CommandResult rest = Restore(to, {"--passphrase-file", passphrase_, "--tenant", "globex"});
  ASSERT_EQ(rest.status.code, 0) << rest.err;
  ExpectAllOpens(to);
}

TEST_F(Backup, RestoresIntoAnInstallationThatWasNeverStarted) {
  Create({"--passphrase-file", passphrase_});
  Served to("to", kLocalRoot);
  std::filesystem::create_directory(to.data_dir());
  std::filesystem::permissions(to.data_dir(), std::filesystem::perms::owner_all);
  const CommandResult restored = Restore(to, {"--passphrase-file", passphrase_});
  ASSERT_EQ(restored.status.code, 0) << restored.err;
  to.Start();
  ExpectAllOpens(to);
}

TEST_F(Backup, LeavesATraceThatTheServiceShows) {
  Create({"--passphrase-file", passphrase_, "--tenant", "acme"});
  const nlohmann::json list = CliJson({"operation", "list", "--target", from_.target()});
  ASSERT_EQ(list["operations"].size(), 1u);
  const nlohmann::json& operation = list["operations"][0];
  EXPECT_EQ(operation["kind"], "BACKUP");
  EXPECT_EQ(operation["state"], "DONE");
  EXPECT_EQ(operation["tenant"], "acme");
  EXPECT_THAT(operation["operator_user"].get<std::string>(), HasSubstr("@"));
  const CommandResult shown = Cli({"operation", "list", "--target", from_.target()});
  EXPECT_THAT(shown.out, HasSubstr(operation["operator_user"].get<std::string>()));
}

TEST_F(Backup, ShowsAndVerifies) {
  MakeRecoveryKey();
  const nlohmann::json made = Create({"--recovery-key", public_, "--passphrase-file", passphrase_});
  ASSERT_OK_AND_ASSIGN(const auto sha256, Sha256(AsBytes(ReadFile(backup_file_))));
  const std::string digest = EncodeHex(sha256);
  EXPECT_EQ(made["digest"], digest);
  const nlohmann::json shown = CliJson({"backup", "show", backup_file_});
  EXPECT_EQ(shown["digest"], digest);
  ASSERT_EQ(shown["recipients"].size(), 2u);
  EXPECT_EQ(shown["recipients"][0]["kind"], "recovery_key");
  EXPECT_EQ(shown["recipients"][1]["kind"], "passphrase");
  for (const std::vector<std::string>& by :
       {ByRecoveryKey(), std::vector<std::string>{"--passphrase-file", passphrase_}}) {
    std::vector<std::string> arguments = {"backup",     "verify",          "--from",
                                          backup_file_, "--expect-digest", digest};
    arguments.insert(arguments.end(), by.begin(), by.end());
    const nlohmann::json verified = CliJson(arguments);
    EXPECT_EQ(verified["tenants"], nlohmann::json({"acme", "globex"}));
    EXPECT_EQ(verified["digest"], digest);
  }
}

TEST_F(Backup, AFileThatIsNotTheExpectedOneIsRefused) {
  const std::string other = Create({"--passphrase-file", passphrase_})["digest"];
  const std::string digest = Create({"--passphrase-file", passphrase_})["digest"];
  const std::vector<std::string> by = {"--passphrase-file", passphrase_, "--expect-digest"};
  std::vector<std::string> verify = {"backup", "verify", "--from", backup_file_};
  verify.insert(verify.end(), by.begin(), by.end());
  verify.push_back(other);
  const CommandResult refused = Cli(verify);
  EXPECT_EQ(refused.status.code, kDoesNotOpen);
  EXPECT_THAT(refused.err, HasSubstr(digest));
  verify.back() = "abc";
  EXPECT_EQ(Cli(verify).status.code, 2);
  Served to("to", kLocalRoot);
  to.Start();
  EXPECT_EQ(Restore(to, {by[0], by[1], by[2], other}).status.code, kDoesNotOpen);
  EXPECT_FALSE(to.Decrypt("acme", new_).ok());
  const CommandResult restored = Restore(to, {by[0], by[1], by[2], digest, "--json"});
  ASSERT_EQ(restored.status.code, 0) << restored.err;
  EXPECT_EQ(nlohmann::json::parse(restored.out)["digest"], digest);
  ExpectAllOpens(to);
}

TEST_F(Backup, WrongSecretsAndAlteredFilesSayWhatIsWrong) {
  Create({"--passphrase-file", passphrase_});
  const std::string wrong = from_.PrivateFile("wrong", "another one\n");
  const CommandResult other =
      Cli({"backup", "verify", "--from", backup_file_, "--passphrase-file", wrong});
  EXPECT_EQ(other.status.code, kConflict);
  EXPECT_THAT(other.err, HasSubstr("KEY_UNWRAP_FAILED"));
  EXPECT_THAT(other.err, Not(HasSubstr("another one")));
  std::string bytes = ReadFile(backup_file_);
  bytes[bytes.size() - 30] = static_cast<char>(bytes[bytes.size() - 30] ^ 4);
  WriteFile(backup_file_, bytes);
  const CommandResult altered =
      Cli({"backup", "verify", "--from", backup_file_, "--passphrase-file", passphrase_});
  EXPECT_EQ(altered.status.code, kDoesNotOpen);
  EXPECT_THAT(altered.err, HasSubstr("BACKUP_INVALID"));
  EXPECT_THAT(altered.err, HasSubstr("was altered, or is not whole"));
  const CommandResult none = Cli({"backup", "show", from_.config()});
  EXPECT_EQ(none.status.code, kDoesNotOpen);
  EXPECT_THAT(none.err, HasSubstr("BACKUP_INVALID"));
  const CommandResult nobody =
      Cli({"backup", "create", "--config", from_.config(), "--out", from_.File("x")});
  EXPECT_EQ(nobody.status.code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("nobody could open the backup"));
  EXPECT_FALSE(std::filesystem::exists(from_.File("x")));
}

}  // namespace
}  // namespace fieldkms::testing
