#include "kms/backup/backup_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "crypto/key_import.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/backup/backup_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

SecretBytes Passphrase(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

std::string Written(const BackupRecipients& recipients) {
  std::string bytes;
  const auto writer = BackupWriter::Start(recipients, WallTime(std::chrono::seconds(1'700'000'000)),
                                          [&bytes](ByteView more) {
                                            bytes.append(AsText(more));
                                            return absl::OkStatus();
                                          });
  EXPECT_OK(writer);
  if (!writer.ok()) return bytes;
  RecordWriter& records = (*writer)->records();
  EXPECT_OK(records.Tenant({"acme", {}, 1, 5}));
  EXPECT_OK(records.Kek({1, {}, SecretBytes::Random(32).value()}));
  EXPECT_OK((*writer)->Finish(5));
  return bytes;
}

std::string ForRecoveryKey() {
  BackupRecipients recipients;
  recipients.recovery_keys = {RecoveryPublic()};
  return Written(recipients);
}

absl::Status Read(const std::string& bytes, const BackupSecrets& secrets) {
  return ReadBackup(SourceOf(bytes), secrets, {}).status();
}

auto Locked() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyUnwrapFailed); }

TEST(BackupFile, OpensForEachOfItsRecipients) {
  BackupRecipients recipients;
  recipients.recovery_keys = {RecoveryPublic()};
  recipients.passphrases.push_back(Passphrase("correct horse"));
  recipients.passphrases.push_back(Passphrase("battery staple"));
  const std::string bytes = Written(recipients);
  EXPECT_OK(Read(bytes, RecoverySecrets()));
  EXPECT_OK(Read(bytes, {{}, Passphrase("correct horse")}));
  EXPECT_OK(Read(bytes, {{}, Passphrase("battery staple")}));
  // Whatever does not open it looks alike.
  const absl::Status wrong = Read(bytes, {{}, Passphrase("correct house")});
  EXPECT_THAT(wrong, Locked());
  EXPECT_EQ(Read(bytes, {}), wrong);
  const auto other = GenerateImportKeyPair();
  ASSERT_OK(other);
  EXPECT_EQ(Read(bytes, {SecretBytes::CopyOf(other->private_der.Expose()).value(), {}}), wrong);
}

TEST(BackupFile, NeedsSomebodyWhoOpensIt) {
  const auto sink = [](ByteView) { return absl::OkStatus(); };
  EXPECT_THAT(BackupWriter::Start({}, {}, sink), StatusIs(Reason::kInvalidField));
  BackupRecipients many;
  many.recovery_keys.assign(kMaxRecipients + 1, RecoveryPublic());
  EXPECT_THAT(BackupWriter::Start(many, {}, sink), StatusIs(Reason::kInvalidField));
  BackupRecipients none;
  none.recovery_keys = {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"};
  EXPECT_THAT(BackupWriter::Start(none, {}, sink), StatusIs(Reason::kInvalidField));
}

TEST(BackupFile, TellsItsFactsWithoutAKey) {
  const std::string bytes = ForRecoveryKey();
  std::string raw;
  ASSERT_OK_AND_ASSIGN(const BackupHeader header, ReadBackupHeader(SourceOf(bytes), &raw));
  EXPECT_EQ(header.create_time, WallTime(std::chrono::seconds(1'700'000'000)));
  ASSERT_EQ(header.recipients.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const auto fingerprint, PublicKeyFingerprint(RecoveryPublic()));
  EXPECT_EQ(header.recipients[0].fingerprint, fingerprint);
  EXPECT_EQ(FormatBackupHeader(header), raw);
}

TEST(BackupFile, EveryFlippedByteIsFound) {
  const std::string bytes = ForRecoveryKey();
  const BackupSecrets secrets = RecoverySecrets();
  ASSERT_OK(Read(bytes, secrets));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    EXPECT_FALSE(Read(flipped, secrets).ok()) << i;
  }
}

TEST(BackupFile, EveryTruncationIsFound) {
  const std::string bytes = ForRecoveryKey();
  const BackupSecrets secrets = RecoverySecrets();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(Read(bytes.substr(0, size), secrets),
                StatusIs(StatusCode::kDataLoss, Reason::kBackupInvalid))
        << size;
  }
  EXPECT_THAT(Read(bytes + "x", secrets), StatusIs(Reason::kBackupInvalid));
}

TEST(BackupFile, OtherFilesAreTold) {
  EXPECT_THAT(Read("SQLite format 3, or something of the kind", RecoverySecrets()),
              StatusIs(StatusCode::kInvalidArgument, Reason::kBackupInvalid));
  std::string newer = ForRecoveryKey();
  newer[9] = 2;
  EXPECT_THAT(Read(newer, RecoverySecrets()),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kStoreTooNew));
}

// The header of one file and the chunks of another, both for the same recipient.
TEST(BackupFile, PartsOfTwoFilesMakeNone) {
  const std::string one = ForRecoveryKey();
  const std::string other = ForRecoveryKey();
  ASSERT_EQ(one.size(), other.size());
  std::string raw;
  ASSERT_OK(ReadBackupHeader(SourceOf(one), &raw));
  EXPECT_THAT(Read(one.substr(0, raw.size()) + other.substr(raw.size()), RecoverySecrets()),
              Locked());
  const size_t with_commitment = raw.size() + 32;
  EXPECT_THAT(
      Read(one.substr(0, with_commitment) + other.substr(with_commitment), RecoverySecrets()),
      StatusIs(StatusCode::kDataLoss, Reason::kBackupInvalid));
}

}  // namespace
}  // namespace fieldkms::testing
