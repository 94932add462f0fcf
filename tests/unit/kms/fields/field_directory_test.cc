#include "kms/fields/field_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "kms/fields/field_admin.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

class FieldDirectoryTest : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    HaveKey("acme", "k");
    directory_.emplace(store(), clock());
    admin_.emplace(store(), admin(), *directory_, clock());
  }
  void TearDown() override { Close(); }

  FieldRecord Create(const std::string& name) {
    FieldSpec spec{"acme", name, {}};
    spec.policy.key.name = "k";
    const auto made = admin_->Create(spec, FreshId(), kNoDeadline);
    EXPECT_OK(made);
    return made.value_or(FieldRecord());
  }
  // Changes the mask, past the directory, as another replica would.
  void ChangeElsewhere(const std::string& name, uint32_t keep_last) {
    FieldDirectory other(store(), clock());
    FieldAdmin elsewhere(store(), admin(), other, clock());
    FieldPatch patch;
    patch.mask = MaskTemplate{.keep_last = keep_last};
    EXPECT_OK(elsewhere.Update("acme", name, 0, patch, FreshId(), kNoDeadline));
  }
  uint32_t Kept(const LoadedFieldPtr& field) {
    return field->policy.mask.value_or(MaskTemplate()).keep_last;
  }

  std::optional<FieldDirectory> directory_;
  std::optional<FieldAdmin> admin_;
};

TEST_F(FieldDirectoryTest, LoadsOnceAndFindsWithoutTheStore) {
  const FieldRecord record = Create("f");
  EXPECT_EQ(directory_->Find("acme", "f"), nullptr);
  ASSERT_OK_AND_ASSIGN(const LoadedFieldPtr field, directory_->Load("acme", "f", kNoDeadline));
  EXPECT_EQ(field->record.field_id, record.field_id);
  EXPECT_EQ(field->format->format, FieldFormat::kFreeText);
  EXPECT_EQ(field->place.size(), 8u);
  EXPECT_EQ(field->fpe_domain, std::string("\x04") + "acme" + field->place);
  const int reads = store().watch().Count("GetField");
  EXPECT_EQ(directory_->Find("acme", "f"), field);
  EXPECT_EQ(directory_->Find("other", "f"), nullptr);
  EXPECT_EQ(store().watch().Count("GetField"), reads);
  EXPECT_THAT(directory_->Load("acme", "nothing", kNoDeadline), StatusIs(Reason::kFieldNotFound));
  EXPECT_THAT(directory_->Load("acme", "-", kNoDeadline), StatusIs(Reason::kInvalidField));
}

TEST_F(FieldDirectoryTest, AChangeIsHeardAndReadAnew) {
  Create("f");
  ASSERT_OK(directory_->Load("acme", "f", kNoDeadline));
  ChangeElsewhere("f", 3);
  EXPECT_EQ(Kept(directory_->Find("acme", "f")), 0u);  // nobody has told it
  directory_->OnFieldChanged("acme", "other");
  EXPECT_NE(directory_->Find("acme", "f"), nullptr);
  directory_->OnFieldChanged("acme", "f");
  EXPECT_EQ(directory_->Find("acme", "f"), nullptr);
  ASSERT_OK_AND_ASSIGN(const LoadedFieldPtr field, directory_->Load("acme", "f", kNoDeadline));
  EXPECT_EQ(Kept(field), 3u);
  directory_->OnAllChanged();
  EXPECT_EQ(directory_->Find("acme", "f"), nullptr);
}

TEST_F(FieldDirectoryTest, ItsOwnChangesAreInForceAtOnce) {
  Create("f");
  ASSERT_OK(directory_->Load("acme", "f", kNoDeadline));
  FieldPatch patch;
  patch.mask = MaskTemplate{.keep_last = 2};
  ASSERT_OK(admin_->Update("acme", "f", 0, patch, FreshId(), kNoDeadline));
  EXPECT_EQ(directory_->Find("acme", "f"), nullptr);
}

TEST_F(FieldDirectoryTest, WhatGrewOldWhileItWasReadIsNotKept) {
  Create("f");
  int rounds = 0;
  store().watch().SetHook("GetField done", [&] {
    if (rounds++ == 0) {
      ChangeElsewhere("f", 5);
      directory_->OnFieldChanged("acme", "f");
    }
    return absl::OkStatus();
  });
  ASSERT_OK_AND_ASSIGN(const LoadedFieldPtr field, directory_->Load("acme", "f", kNoDeadline));
  EXPECT_EQ(Kept(field), 5u);
  EXPECT_EQ(Kept(directory_->Find("acme", "f")), 5u);
  store().watch().SetHook("GetField done", nullptr);
}

TEST_F(FieldDirectoryTest, TheFollowerTellsOfWhatOthersChange) {
  keyring().SetListener(*directory_);
  Create("f");
  ASSERT_OK(directory_->Load("acme", "f", kNoDeadline));
  keyring().Start();
  ChangeElsewhere("f", 7);
  while (directory_->Find("acme", "f") != nullptr) std::this_thread::yield();
  ASSERT_OK_AND_ASSIGN(const LoadedFieldPtr field, directory_->Load("acme", "f", kNoDeadline));
  EXPECT_EQ(Kept(field), 7u);
}

TEST_F(FieldDirectoryTest, ForgetsAllWhereItWouldHaveTooMany) {
  directory_.emplace(store(), clock(), 2);
  for (const char* const name : {"a", "b", "c"}) {
    Create(name);
    ASSERT_OK(directory_->Load("acme", name, kNoDeadline));
  }
  EXPECT_EQ(directory_->Find("acme", "a"), nullptr);
  EXPECT_NE(directory_->Find("acme", "c"), nullptr);
}

TEST_F(FieldDirectoryTest, ReadersNeverSeeWhatIsOlderThanWhatTheySaw) {
  Create("f");
  std::atomic<bool> stop = false;
  std::atomic<uint32_t> written = 0;
  const auto read = [&] {
    uint32_t seen = 0;
    while (!stop) {
      const uint32_t at_least = written;
      const auto field = directory_->Load("acme", "f", kNoDeadline);
      ASSERT_OK(field);
      ASSERT_GE(Kept(*field), std::max(seen, at_least));
      seen = Kept(*field);
    }
  };
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (uint32_t keep = 1; keep <= 20; ++keep) {
    FieldPatch patch;
    patch.mask = MaskTemplate{.keep_last = keep};
    ASSERT_OK(admin_->Update("acme", "f", 0, patch, FreshId(), kNoDeadline));
    written = keep;
  }
  stop = true;
}

}  // namespace
}  // namespace fieldkms::testing
