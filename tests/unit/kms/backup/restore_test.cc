#include "kms/backup/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "crypto/sha256.h"
#include "crypto/status.h"
#include "kms/backup/take_backup.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/backup/backup_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class Restore : public ::testing::Test {
 protected:
  absl::Status RestoreTo(Installation& to, const std::string& bytes,
                         std::optional<std::set<std::string>> tenants = {}) {
    const BackupSecrets secrets = RecoverySecrets();
    const RestoreRequest request{OpenerOf(bytes), secrets, std::move(tenants), "bob@db2", {}};
    return RestoreBackup(to.store(), to.root(), SystemClock(), request).status();
  }
  static void Flip(char& byte) { byte = static_cast<char>(byte ^ 1); }
  static void ExpectNoTenant(Installation& in, const std::string& tenant) {
    EXPECT_THAT(in.store().GetTenant(tenant, kNoDeadline), StatusIs(Reason::kTenantNotFound));
  }
  static std::vector<OperationRecord> Operations(Installation& in) {
    auto operations = in.store().ListOperations(false, 99, kNoDeadline);
    EXPECT_OK(operations);
    return operations.value_or(std::vector<OperationRecord>());
  }

  Installation from_;
  Installation to_;
};

TEST_F(Restore, AnotherRootOpensAllOfIt) {
  from_.HaveRichTenant();
  from_.HaveTenant("globex");
  from_.HaveKey("globex", "k");
  std::string bytes;
  ASSERT_OK_AND_ASSIGN(const BackupSummary summary, TakeTo(from_, &bytes));
  EXPECT_EQ(summary.tenants, 2u);
  EXPECT_EQ(summary.keys, 3u);
  EXPECT_EQ(summary.versions, 5u);
  EXPECT_EQ(summary.aliases, 1u);
  EXPECT_EQ(summary.fields, 1u);
  ASSERT_OK(RestoreTo(to_, bytes));
  for (const char* tenant : {"acme", "globex"}) {
    EXPECT_EQ(TextOf(to_.store(), tenant), TextOf(from_.store(), tenant));
  }
  EXPECT_OK(to_.Loads("acme", "cards"));
  EXPECT_OK(to_.Loads("acme", "cards", 2));
  EXPECT_OK(to_.Loads("globex", "k"));
  ASSERT_OK_AND_ASSIGN(const auto field, from_.store().GetField("acme", "pan", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto restored, to_.store().GetField("acme", "pan", kNoDeadline));
  EXPECT_EQ(restored.field_id, field.field_id);
  EXPECT_EQ(restored.policy, field.policy);
  // And goes on there.
  to_.Rotate("acme", "cards");
  EXPECT_OK(to_.Loads("acme", "pan"));
}

TEST_F(Restore, OnlyWhatIsAskedFor) {
  from_.HaveRichTenant();
  from_.HaveTenant("globex");
  from_.HaveTenant("initech");
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes, std::set<std::string>{"acme", "globex"}));
  EXPECT_THAT(RestoreTo(to_, bytes, std::set<std::string>{"initech"}),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  ASSERT_OK(RestoreTo(to_, bytes, std::set<std::string>{"globex"}));
  ExpectNoTenant(to_, "acme");
  ASSERT_OK(RestoreTo(to_, bytes, std::set<std::string>{"acme"}));
  EXPECT_OK(to_.Loads("acme", "cards"));
  EXPECT_THAT(TakeTo(from_, &bytes, std::set<std::string>{"nobody"}),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
}

TEST_F(Restore, AnExistingTenantIsRefusedByName) {
  from_.HaveRichTenant();
  from_.HaveTenant("globex");
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  to_.HaveTenant("globex");
  const std::string before = TextOf(to_.store(), "globex");
  const absl::Status refused = RestoreTo(to_, bytes);
  EXPECT_THAT(refused, StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists));
  EXPECT_THAT(refused.message(), HasSubstr("globex"));
  ExpectNoTenant(to_, "acme");
  EXPECT_EQ(TextOf(to_.store(), "globex"), before);
}

TEST_F(Restore, AKeyIdOfAnotherTenantIsRefused) {
  from_.HaveTenant("acme");
  const KeyRecord key = from_.HaveKey("acme", "k");
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  to_.HaveTenant("globex");
  KeyRecord taken = key;
  taken.tenant = "globex";
  KeyVersionRecord version;
  version.version = 1;
  version.kek_version = 1;
  version.wrapped = "w";
  ASSERT_OK(
      to_.store().CreateKey(taken, version, {"request-x", std::string(32, 'f')}, kNoDeadline));
  EXPECT_THAT(RestoreTo(to_, bytes), StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists));
  ExpectNoTenant(to_, "acme");
}

TEST_F(Restore, AFieldIdOfAnotherTenantIsRefused) {
  from_.HaveTenant("acme");
  from_.HaveField("acme", "f", "{}");
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  to_.HaveTenant("globex");
  ASSERT_OK_AND_ASSIGN(FieldRecord taken, from_.store().GetField("acme", "f", kNoDeadline));
  taken.tenant = "globex";
  taken.change = 0;
  ASSERT_OK(to_.store().PutField(taken, {"request-x", std::string(32, 'f')}, kNoDeadline));
  EXPECT_THAT(RestoreTo(to_, bytes), StatusIs(StatusCode::kAlreadyExists, Reason::kFieldExists));
  ExpectNoTenant(to_, "acme");
}

TEST_F(Restore, ADamagedFileRestoresNothing) {
  from_.HaveRichTenant();
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  const BackupSecrets secrets = RecoverySecrets();
  EXPECT_OK(VerifyBackup(OpenerOf(bytes), secrets, {}, {}));
  Flip(bytes[bytes.size() - 20]);
  EXPECT_THAT(VerifyBackup(OpenerOf(bytes), secrets, {}, {}),
              StatusIs(StatusCode::kDataLoss, Reason::kBackupInvalid));
  EXPECT_THAT(RestoreTo(to_, bytes), StatusIs(StatusCode::kDataLoss, Reason::kBackupInvalid));
  ExpectNoTenant(to_, "acme");
  EXPECT_TRUE(Operations(to_).empty());
}

// As written, but of a store where a key had been damaged before.
TEST_F(Restore, AKeyThatDoesNotOpenIsFoundBeforeItIsRestored) {
  from_.HaveTenant("acme");
  KeyRecord key = from_.HaveKey("acme", "k");
  auto version = from_.store().GetKeyVersion("acme", key.key_id, 1, kNoDeadline);
  ASSERT_OK(version);
  Flip(version->wrapped[30]);
  ASSERT_OK(
      from_.store().ChangeKey({key, {*version}}, {"request-x", std::string(32, 'f')}, kNoDeadline));
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  const auto damaged = StatusIs(StatusCode::kDataLoss, Reason::kBackupInvalid);
  const BackupSecrets secrets = RecoverySecrets();
  EXPECT_THAT(VerifyBackup(OpenerOf(bytes), secrets, {}, {}), damaged);
  EXPECT_THAT(RestoreTo(to_, bytes), damaged);
  ExpectNoTenant(to_, "acme");
}

TEST_F(Restore, WhatAnInterruptedOneLeftIsInNobodysWay) {
  from_.HaveRichTenant();
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  WholeKey left;
  left.key.tenant = "acme";
  left.key.name = "left";
  left.key.key_id = 99;
  left.key.primary_version = 1;
  left.versions.resize(1);
  left.versions[0].version = 1;
  left.versions[0].kek_version = 1;
  left.versions[0].wrapped = "w";
  ASSERT_OK(to_.store().StageKeys(ImportId{1}, "acme", std::vector{left}, kNoDeadline));
  ASSERT_OK(RestoreTo(to_, bytes));
  EXPECT_EQ(TextOf(to_.store(), "acme"), TextOf(from_.store(), "acme"));
}

// One in a session that was thought dead, and another: each point where the second may come,
// from its start to its end.
TEST_F(Restore, OfTwoAtOnceOneIsWholeAndTheOtherIsRefused) {
  from_.HaveRichTenant();
  for (int i = 0; i < 250; ++i) from_.HaveKey("acme", "k" + std::to_string(i));  // two batches
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  const BackupSecrets secrets = RecoverySecrets();
  for (const uint64_t at : {1u, 201u, 252u}) {
    Installation to;
    std::optional<absl::Status> second;
    RestoreRequest request{OpenerOf(bytes), secrets, {}, "bob@db2", {}};
    request.on_progress = [&](uint64_t keys) {
      if (keys == at) second = RestoreTo(to, bytes);
    };
    const absl::Status first =
        RestoreBackup(to.store(), to.root(), SystemClock(), request).status();
    ASSERT_TRUE(second.has_value());
    EXPECT_OK(*second);
    EXPECT_THAT(first, StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists));
    EXPECT_EQ(TextOf(to.store(), "acme"), TextOf(from_.store(), "acme"));
    EXPECT_OK(to.Loads("acme", "cards"));
  }
}

// The second fails, and cleans up behind itself.
TEST_F(Restore, OneThatFailsBesideAnotherTakesNothingFromIt) {
  from_.HaveRichTenant();
  for (int i = 0; i < 250; ++i) from_.HaveKey("acme", "k" + std::to_string(i));
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  const BackupSecrets secrets = RecoverySecrets();
  RestoreRequest request{OpenerOf(bytes), secrets, {}, "bob@db2", {}};
  request.on_progress = [&](uint64_t keys) {
    if (keys != 220) return;
    int opened = 0;
    RestoreRequest failing{OpenerOf(bytes), secrets, {}, "eve@db3", {}};
    failing.open = [&]() -> absl::StatusOr<ByteSource> {
      if (++opened == 1) return SourceOf(bytes);
      // The file is cut between its two readings.
      auto left = std::make_shared<size_t>(bytes.size() - 100);
      ByteSource whole = SourceOf(bytes);
      return ByteSource([left, whole](MutableBytes out) -> absl::StatusOr<size_t> {
        FIELDKMS_ASSIGN_OR_RETURN(const size_t read, whole(out.first(std::min(out.size(), *left))));
        *left -= read;
        return read;
      });
    };
    EXPECT_FALSE(RestoreBackup(to_.store(), to_.root(), SystemClock(), failing).ok());
  };
  ASSERT_OK(RestoreBackup(to_.store(), to_.root(), SystemClock(), request));
  EXPECT_EQ(TextOf(to_.store(), "acme"), TextOf(from_.store(), "acme"));
}

// Anybody can write a file that opens by a public recovery key.
TEST_F(Restore, AnotherFileThanTheExpectedOneIsRefused) {
  from_.HaveRichTenant();
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  Installation forger;
  forger.HaveTenant("acme");
  std::string forged;
  ASSERT_OK(TakeTo(forger, &forged));
  const BackupSecrets secrets = RecoverySecrets();
  ASSERT_OK_AND_ASSIGN(const BackupDigest digest, Sha256(AsBytes(bytes)));
  ASSERT_OK_AND_ASSIGN(const BackupContents contents,
                       VerifyBackup(OpenerOf(bytes), secrets, {}, digest));
  EXPECT_EQ(contents.digest, digest);
  EXPECT_OK(VerifyBackup(OpenerOf(forged), secrets, {}, {}));  // nothing tells it from ours
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, Reason::kBackupInvalid);
  EXPECT_THAT(VerifyBackup(OpenerOf(forged), secrets, {}, digest), refused);
  RestoreRequest request{OpenerOf(forged), secrets, {}, "bob@db2", {}, digest};
  EXPECT_THAT(RestoreBackup(to_.store(), to_.root(), SystemClock(), request), refused);
  ExpectNoTenant(to_, "acme");
  EXPECT_TRUE(Operations(to_).empty());
  // Nor is it put in place between the two readings.
  int opened = 0;
  request.open = [&] { return OpenerOf(++opened == 1 ? bytes : forged)(); };
  EXPECT_THAT(RestoreBackup(to_.store(), to_.root(), SystemClock(), request), refused);
  ExpectNoTenant(to_, "acme");
  request.open = OpenerOf(bytes);
  ASSERT_OK(RestoreBackup(to_.store(), to_.root(), SystemClock(), request));
  EXPECT_OK(to_.Loads("acme", "cards"));
}

TEST_F(Restore, BothLeaveATrace) {
  from_.HaveRichTenant();
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  const OperationRecord backup = Operations(from_).front();
  EXPECT_EQ(backup.kind, OperationKind::kBackup);
  EXPECT_EQ(backup.state, OperationState::kDone);
  EXPECT_EQ(backup.tenant, "");
  EXPECT_EQ(backup.owner, "alice@db1");
  EXPECT_EQ(backup.done, 2u);
  ASSERT_OK(RestoreTo(to_, bytes));
  const OperationRecord restore = Operations(to_).front();
  EXPECT_EQ(restore.kind, OperationKind::kRestore);
  EXPECT_EQ(restore.state, OperationState::kDone);
  EXPECT_EQ(restore.tenant, "");
  EXPECT_EQ(restore.owner, "bob@db2");
}

TEST_F(Restore, ItsTraceIsOfTheTenantsThatWereNamedOrOnceOfAll) {
  from_.HaveTenant("acme");
  from_.HaveTenant("globex");
  std::string bytes;
  ASSERT_OK(TakeTo(from_, &bytes));
  ASSERT_OK(RestoreTo(to_, bytes));
  ASSERT_EQ(Operations(to_).size(), 1u);
  EXPECT_EQ(Operations(to_)[0].tenant, "");
  Installation other;
  ASSERT_OK(RestoreTo(other, bytes, std::set<std::string>{"acme", "globex"}));
  ASSERT_EQ(Operations(other).size(), 2u);
  EXPECT_NE(Operations(other)[0].tenant, Operations(other)[1].tenant);
  EXPECT_EQ(Operations(other)[0].state, OperationState::kDone);
}

TEST_F(Restore, ABackupThatFailsSaysSo) {
  from_.HaveRichTenant();
  BackupRecipients recipients;
  recipients.recovery_keys = {RecoveryPublic()};
  BackupRequest request{{}, recipients, {}, {}, "alice@db1", {}};
  request.sink = [](ByteView) { return absl::OkStatus(); };
  request.publish = [] { return absl::UnknownError("the disk is full"); };
  EXPECT_FALSE(TakeBackup(from_.store(), from_.root(), SystemClock(), request).ok());
  const OperationRecord backup = Operations(from_).front();
  EXPECT_EQ(backup.state, OperationState::kFailed);
  EXPECT_EQ(backup.error, "the disk is full");
  // And what cannot be put on record is not taken.
  ASSERT_OK(from_.store().SetFrozen(true, kNoDeadline));
  std::string bytes;
  EXPECT_FALSE(TakeTo(from_, &bytes).ok());
  EXPECT_TRUE(bytes.empty());
}

// No backup holds them: what is left out unseen is missed when it is too late.
TEST_F(Restore, SubjectsAndTokensAreLeftOutOnlyIfThatIsAsked) {
  from_.HaveRichTenant();
  from_.HaveTenant("globex");
  from_.HaveTenant("initech");
  from_.HaveSubject("globex", "ann");
  from_.HaveToken("initech", 7, Token("t"));
  using Tenants = std::set<std::string>;
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, Reason::kStoreUnavailable);
  std::string bytes;
  EXPECT_THAT(TakeTo(from_, &bytes), refused);
  EXPECT_THAT(TakeTo(from_, &bytes, Tenants{"acme", "globex"}), refused);
  EXPECT_THAT(TakeTo(from_, &bytes, Tenants{"initech"}), refused);
  EXPECT_EQ(bytes, "");
  ASSERT_OK(TakeTo(from_, &bytes, Tenants{"acme"}));
  bytes.clear();
  ASSERT_OK(TakeTo(from_, &bytes, {}, true));
  ASSERT_OK(RestoreTo(to_, bytes));
  ASSERT_OK_AND_ASSIGN(const bool has_tokens, to_.store().tokens().HasTokens(kNoDeadline));
  EXPECT_FALSE(has_tokens);
}

TEST_F(Restore, AFirstTokenThatComesMeanwhileIsSeen) {
  from_.HaveRichTenant();
  BackupRecipients recipients;
  recipients.recovery_keys = {RecoveryPublic()};
  BackupRequest request{{}, recipients, {}, {}, "alice@db1", {}};
  request.sink = [](ByteView) { return absl::OkStatus(); };
  request.publish = []() -> absl::Status { return Bug("published"); };
  request.on_progress = [&](uint64_t keys) {
    if (keys == 1) from_.HaveToken("acme", 7, Token("t"));
  };
  EXPECT_THAT(TakeBackup(from_.store(), from_.root(), SystemClock(), request),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kStoreUnavailable));
}

}  // namespace
}  // namespace fieldkms::testing
