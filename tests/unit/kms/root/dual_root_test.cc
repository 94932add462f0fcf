#include "kms/root/dual_root.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "kms/root/local_root.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/root/scripted_root.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using testing::ScriptedRoot;

class DualRootTest : public ::testing::Test {
 protected:
  DualRootTest() {
    auto new_script = std::make_unique<ScriptedRoot>("new");
    auto old_script = std::make_unique<ScriptedRoot>("old");
    new_ = new_script.get();
    old_ = old_script.get();
    dual_.emplace(std::move(new_script), std::move(old_script));
  }
  absl::Status Unwrap(std::string_view wrapped) {
    return dual_->Unwrap(wrapped, "", kNoDeadline).status();
  }
  absl::StatusOr<bool> IsOld(std::string_view wrapped) {
    return dual_->IsOld(wrapped, "", kNoDeadline);
  }

  ScriptedRoot* new_;
  ScriptedRoot* old_;
  std::optional<DualRoot> dual_;
};

TEST_F(DualRootTest, WrapsWithTheNewRootOnly) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, dual_->Wrap(key, "c", kNoDeadline));
  EXPECT_TRUE(wrapped.starts_with("newc"));
  EXPECT_EQ(old_->calls(), 0);
  // No mark: the new root opens it without this one.
  EXPECT_OK(new_->Unwrap(wrapped, "c", kNoDeadline));
}

TEST_F(DualRootTest, UnwrapsWithTheOneThatWrapped) {
  EXPECT_OK(Unwrap("new-key"));
  EXPECT_EQ(old_->calls(), 0);
  EXPECT_OK(Unwrap("old-key"));
  EXPECT_EQ(new_->calls(), 2);
  EXPECT_EQ(old_->calls(), 1);
}

TEST_F(DualRootTest, WhatNeitherWrappedIsTheWrongKey) {
  const absl::Status status = Unwrap("other");
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey));
  EXPECT_EQ(MessageOf(status),
            "neither the new root key nor the old one wrapped that key for that use");
}

TEST_F(DualRootTest, ANewRootThatIsDownIsAnErrorAtOnce) {
  new_->GoDown();
  const auto unavailable = StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable);
  EXPECT_THAT(Unwrap("old-key"), unavailable);
  EXPECT_EQ(old_->calls(), 0);
  EXPECT_THAT(IsOld("old-key"), unavailable);
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  EXPECT_THAT(dual_->Wrap(key, "", kNoDeadline), unavailable);
  EXPECT_EQ(old_->calls(), 0);
}

TEST_F(DualRootTest, AnOldRootThatIsDownStopsOnlyItsOwnKeys) {
  old_->GoDown();
  EXPECT_OK(Unwrap("new-key"));
  EXPECT_THAT(Unwrap("old-key"), StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
  ASSERT_OK_AND_ASSIGN(const bool old, IsOld("old-key"));
  EXPECT_TRUE(old);
}

TEST_F(DualRootTest, IsOldAsksTheNewRootAlone) {
  for (const auto& [wrapped, expected] :
       {std::pair("new-key", false), std::pair("old-key", true), std::pair("other", true)}) {
    ASSERT_OK_AND_ASSIGN(const bool old, IsOld(wrapped));
    EXPECT_EQ(old, expected) << wrapped;
  }
  EXPECT_EQ(new_->calls(), 3);
  EXPECT_EQ(old_->calls(), 0);
}

TEST_F(DualRootTest, DeadlinesPassThrough) {
  const Deadline deadline{std::chrono::hours(7)};
  EXPECT_OK(dual_->Unwrap("old-key", "", deadline));
  EXPECT_EQ(new_->last_deadline(), deadline);
  EXPECT_EQ(old_->last_deadline(), deadline);
}

TEST_F(DualRootTest, NamesBoth) { EXPECT_EQ(dual_->Describe(), "new, before it old"); }

// Keys that release 0.1 wrapped stay readable, and move.
TEST(DualRootMigration, FromOneLocalRootToAnother) {
  testing::TempDir directory;
  const std::string before = directory.File("old.key");
  const std::string after = directory.File("new.key");
  ASSERT_OK(CreateLocalRoot(before));
  ASSERT_OK(CreateLocalRoot(after));
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(auto old_root, OpenLocalRoot(before));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, old_root->Wrap(key, "c", kNoDeadline));

  ASSERT_OK_AND_ASSIGN(auto new_root, OpenLocalRoot(after));
  const DualRoot dual(std::move(new_root), std::move(old_root));
  EXPECT_EQ(dual.IsOld(wrapped, "c", kNoDeadline).value(), true);
  ASSERT_OK_AND_ASSIGN(const SecretBytes same, dual.Unwrap(wrapped, "c", kNoDeadline));
  EXPECT_TRUE(ConstantTimeEqual(same.Expose(), key.Expose()));
  ASSERT_OK_AND_ASSIGN(const std::string moved, dual.Wrap(same, "c", kNoDeadline));
  EXPECT_EQ(dual.IsOld(moved, "c", kNoDeadline).value(), false);

  ASSERT_OK_AND_ASSIGN(const auto alone, OpenLocalRoot(after));
  EXPECT_OK(alone->Unwrap(moved, "c", kNoDeadline));
}

}  // namespace
}  // namespace fieldkms
