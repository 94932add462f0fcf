#include "kms/backup/recovery_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/bytes.h"
#include "crypto/key_import.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

SecretBytes Passphrase(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

TEST(RecoveryKey, OpensUnderItsPassphraseOnly) {
  const TempDir dir;
  const std::string path = dir.File("recovery.key");
  ASSERT_OK_AND_ASSIGN(const std::string pem, MakeRecoveryKey(path, Passphrase("correct horse")));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THAT(MakeRecoveryKey(path, Passphrase("x")),
              StatusIs(absl::StatusCode::kAlreadyExists, Reason::kConfigInvalid));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, ReadRecoveryKey(path, Passphrase("correct horse")));
  const SecretBytes secret = SecretBytes::Random(32).value();
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, WrapForImport(pem, secret));
  ASSERT_OK_AND_ASSIGN(const SecretBytes same, UnwrapImported(key, AsBytes(wrapped)));
  EXPECT_TRUE(ConstantTimeEqual(same.Expose(), secret.Expose()));

  const auto denied = StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kRootDenied);
  EXPECT_THAT(ReadRecoveryKey(path, Passphrase("correct house")), denied);
  std::string altered = ReadFile(path);
  altered[altered.size() / 2] = altered[altered.size() / 2] == 'A' ? 'B' : 'A';
  WriteFile(path, altered);
  EXPECT_THAT(ReadRecoveryKey(path, Passphrase("correct horse")), denied);
}

TEST(RecoveryKey, OtherFilesAreTold) {
  const TempDir dir;
  const std::string path = dir.File("recovery.key");
  for (const char* content : {"fieldkms-root-1 AAAA\n", "fieldkms-recovery-1 A+\n", "x"}) {
    WriteFile(path, content);
    EXPECT_THAT(ReadRecoveryKey(path, Passphrase("x")),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid))
        << content;
  }
}

}  // namespace
}  // namespace fieldkms::testing
