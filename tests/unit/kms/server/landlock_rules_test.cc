#include "kms/server/landlock_rules.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<FileRule> RulesOf(const std::string& yaml) {
  const auto config = ParseConfig(yaml);
  EXPECT_THAT(config, IsOk());
  return config.ok() ? FileRules(*config) : std::vector<FileRule>();
}

TEST(LandlockRulesTest, WritesOnlyWhereItsFilesAre) {
  const auto rules = RulesOf(
      "data_dir: /d\nlisten: {unix: /s/sock}\nroot: {local: {path: /r/key}}\n"
      "store: {sqlite: {path: /db/store}}\nerasure: {log: /e/log}\n"
      "audit: {file: /a/trail, signing_key: /k/key, export: {directory: /x}}\n");
  std::vector<std::string> written;
  for (const FileRule& rule : rules) {
    if (rule.write && !rule.path.starts_with("/dev/")) written.push_back(rule.path);
  }
  EXPECT_THAT(written,
              ::testing::UnorderedElementsAre("/d", "/s", "/r", "/db", "/e", "/a", "/k", "/x"));
}

TEST(LandlockRulesTest, ReadsTheDirectoriesOfWhatIsRenewed) {
  const auto rules = RulesOf(
      "data_dir: /d\nlisten:\n  tls: {address: \"0.0.0.0:1\", certificate: /t/crt, key: /u/key, "
      "client_ca: /v/ca}\n"
      "hardening: {read: [/more]}\n");
  for (const char* path : {"/t", "/u", "/v", "/more", "/etc/ssl", "/etc/resolv.conf"}) {
    EXPECT_THAT(rules, Contains(FileRule{path, false}));
  }
}

TEST(LandlockRulesTest, NotTheWholeOfAnything) {
  for (const FileRule& rule : RulesOf("data_dir: /d\n")) {
    for (const char* path : {"/", "/etc", "/proc", "/dev", "/sys", "/var", "/run", "/tmp"}) {
      EXPECT_NE(rule.path, path);
    }
  }
}

TEST(LandlockRulesTest, FollowsALinkToWhereTheFileIs) {
  const testing::TempDir dir;
  std::filesystem::create_directory(dir.File("archive"));
  std::filesystem::create_directory(dir.File("live"));
  testing::WriteFile(dir.File("archive/key"), "k");
  std::filesystem::create_symlink("../archive/key", dir.File("live/key"));
  Config config;
  config.tls = TlsConfig{.address = "", .certificate = "", .key = dir.File("live/key")};
  const auto rules = FileRules(config);
  EXPECT_THAT(rules, Contains(FileRule{dir.File("live"), false}));
  EXPECT_THAT(rules,
              Contains(FileRule{std::filesystem::canonical(dir.File("archive")).string(), false}));
}

TEST(LandlockRulesTest, FilesThatAConnectionStringNames) {
  EXPECT_THAT(PathsOfConninfo("host=db sslrootcert=/c/ca.pem passfile='/p/pass'"),
              ElementsAre("/c/ca.pem", "/p/pass"));
  EXPECT_THAT(PathsOfConninfo("postgresql://db/x?sslcert=/c/crt&sslmode=verify-full"),
              ElementsAre("/c/crt"));
  EXPECT_THAT(PathsOfConninfo("host=db user=x"), IsEmpty());
  const testing::TempDir dir;
  testing::WriteFile(dir.File("conninfo"), "host=db sslrootcert=/c/ca.pem\n");
  Config config;
  config.store = PostgresStoreConfig{.options = {}, .conninfo_file = dir.File("conninfo")};
  EXPECT_THAT(FileRules(config), Contains(FileRule{"/c", false}));
}

TEST(LandlockRulesTest, AModuleOfOthersIsNotConfined) {
  Config config;
  EXPECT_EQ(WhyUnconfined(config), "");
  config.also_root = Pkcs11RootOptions{};
  EXPECT_NE(WhyUnconfined(config), "");
}

}  // namespace
}  // namespace fieldkms
