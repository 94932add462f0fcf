// Data subjects and vaulted tokens in copies of a store.
#include "kms/backup/vault_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kms/backup/store_copy.h"
#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/backup/backup_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

constexpr SubjectStore::LogId kLog = {1, 2, 3};

class VaultCopy : public ::testing::Test {
 protected:
  VaultCopy() : target_(OpenSqliteStore(dir_.File("copy.db"), SystemClock()).value()) {
    from_.HaveRichTenant();
    from_.HaveVault("acme");
    from_.HaveTenant("globex");
    from_.HaveVault("globex");
    EXPECT_OK(from_.store().subjects().MarkErased(kLog, 5, kNoDeadline));
  }

  absl::StatusOr<CopyReport> Copy(bool final = true) {
    const CopyRequest request{final, "alice@db1", {}, {}, on_copied_, on_compared_};
    return CopyStore(from_.store(), *target_, from_.root(), SystemClock(), request);
  }
  absl::Status Compare() {
    return CompareVaults(from_.store(), *target_, SystemClock(), SystemClock().Now(), {}).status();
  }
  // That what `alter` does to the copy is found, and no service starts on it.
  void ExpectFound(const std::string& what, const std::function<absl::Status()>& alter) {
    bool altered = false;
    on_compared_ = [&](uint64_t) {
      if (!altered) {
        EXPECT_OK(alter());
      }
      altered = true;
    };
    const auto report = Copy();
    EXPECT_THAT(report, StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
    EXPECT_THAT(report.status().message(), HasSubstr(what));
    ASSERT_OK_AND_ASSIGN(const auto binding, target_->GetRootBinding(kNoDeadline));
    EXPECT_FALSE(binding.has_value());
    // The next round begins anew.
    on_compared_ = nullptr;
    EXPECT_OK(Copy());
    EXPECT_OK(Compare());
  }

  TempDir dir_;
  Installation from_;
  std::unique_ptr<Store> target_;
  VaultProgress on_copied_;
  VaultProgress on_compared_;
};

TEST_F(VaultCopy, ComesWithTheLastRound) {
  ASSERT_OK_AND_ASSIGN(CopyReport report, Copy(false));
  EXPECT_EQ(report.vault.tokens, 0u);
  ASSERT_OK_AND_ASSIGN(const bool has, target_->subjects().HasSubjects(kNoDeadline));
  EXPECT_FALSE(has);
  uint64_t copied = 0;
  uint64_t compared = 0;
  on_copied_ = [&](uint64_t records) { copied = records; };
  on_compared_ = [&](uint64_t records) { compared = records; };
  ASSERT_OK_AND_ASSIGN(report, Copy());
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.vault.subjects, 4u);
  EXPECT_EQ(report.vault.tokens, 6u);  // but those that have expired
  EXPECT_EQ(copied, 10u);
  EXPECT_EQ(compared, 10u);
  EXPECT_OK(Compare());
  ASSERT_OK_AND_ASSIGN(const uint64_t mark, target_->subjects().ErasedUpTo(kLog, kNoDeadline));
  EXPECT_EQ(mark, 5u);
  ASSERT_OK_AND_ASSIGN(const auto held,
                       target_->subjects().FindSubject("acme", "held", kNoDeadline));
  EXPECT_THAT(target_->subjects().EraseSubject("acme", "held", held.handle, kNoDeadline),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kLegalHold));
}

// What was erased between a last round that was killed and the next is in no copy.
TEST_F(VaultCopy, AnInterruptedRoundLeavesNothing) {
  struct Killed {};
  on_copied_ = [](uint64_t records) {
    if (records >= 9) throw Killed();
  };
  EXPECT_THROW((void)Copy(), Killed);
  ASSERT_OK(target_->subjects().FindSubject("acme", "held", kNoDeadline));
  on_copied_ = nullptr;
  ASSERT_OK(from_.store().SetFrozen(false, kNoDeadline));
  SubjectStore& subjects = from_.store().subjects();
  ASSERT_OK_AND_ASSIGN(const auto held, subjects.FindSubject("acme", "held", kNoDeadline));
  ASSERT_OK(subjects.SetHold("acme", "held", std::nullopt, kNoDeadline));
  ASSERT_OK(subjects.EraseSubject("acme", "held", held.handle, kNoDeadline));
  ASSERT_OK(subjects.MarkErased(kLog, 6, kNoDeadline));
  const std::vector<std::string_view> used = {"once"};
  ASSERT_OK(from_.store().tokens().UseTokens({"globex", uint64_t{1} << 63}, used,
                                             SystemClock().Now(), kNoDeadline));
  from_.HaveToken("acme", 7, Token("new"));
  ASSERT_OK_AND_ASSIGN(const CopyReport report, Copy());
  EXPECT_EQ(report.vault.subjects, 3u);
  EXPECT_EQ(report.vault.tokens, 5u);
  EXPECT_OK(Compare());
  EXPECT_THAT(target_->subjects().FindSubject("acme", "held", kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kSubjectNotFound));
}

// More than a page, and more than is dropped at once.
TEST_F(VaultCopy, ManyArePagedAndDropped) {
  std::vector<PlacedToken> many;
  for (int i = 0; i < 10'500; ++i) many.emplace_back(1, Token(std::to_string(i)));
  ASSERT_OK(from_.store().tokens().CopyTokens("acme", many, kNoDeadline));
  for (const uint64_t most : {uint64_t{10'510}, UINT64_MAX}) {
    struct Killed {};
    on_copied_ = [&](uint64_t records) {
      if (records >= most) throw Killed();
    };
    if (most == UINT64_MAX) {
      ASSERT_OK_AND_ASSIGN(const CopyReport report, Copy());
      EXPECT_EQ(report.vault.tokens, 10'506u);
    } else {
      EXPECT_THROW((void)Copy(), Killed);
    }
  }
  EXPECT_OK(Compare());
}

TEST_F(VaultCopy, AMissingTokenIsFound) {
  ExpectFound("vaulted tokens of tenant globex",
              [&] { return target_->tokens().DropTokens("globex", 1, kNoDeadline).status(); });
}

TEST_F(VaultCopy, AnAlteredTokenIsFound) {
  ExpectFound("vaulted tokens of tenant acme", [&] {
    return target_->tokens().CopyTokens("acme", std::vector{PlacedToken(7, Token("convergent"))},
                                        kNoDeadline);
  });
}

TEST_F(VaultCopy, ATokenTooManyIsFound) {
  ExpectFound("vaulted tokens of tenant globex", [&] {
    return target_->tokens().CopyTokens("globex", std::vector{PlacedToken(10, Token("z"))},
                                        kNoDeadline);
  });
}

TEST_F(VaultCopy, AHoldThatIsGoneIsFound) {
  ExpectFound("data subjects of tenant acme", [&] {
    return target_->subjects().SetHold("acme", "held", std::nullopt, kNoDeadline).status();
  });
}

TEST_F(VaultCopy, ASubjectTooManyIsFound) {
  const SubjectRecord more{"z", std::string(kSubjectHandleSize, 'h'),
                           std::string(kSubjectSecretSize, 's'), SystemClock().Now(), std::nullopt};
  ExpectFound("data subjects of tenant globex", [&] {
    return target_->subjects().CopySubjects("globex", std::vector{WholeSubject{more, {}}},
                                            kNoDeadline);
  });
}

TEST_F(VaultCopy, AnErasureMarkTooHighIsFound) {
  ASSERT_OK(Copy(false));
  ASSERT_OK(target_->subjects().MarkErased(kLog, 6, kNoDeadline));
  const auto report = Copy();
  EXPECT_THAT(report, StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
  EXPECT_THAT(report.status().message(), HasSubstr("erasure marks"));
}

}  // namespace
}  // namespace fieldkms::testing
