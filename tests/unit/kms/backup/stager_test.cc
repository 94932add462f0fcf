#include "kms/backup/stager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/keyring/watched.h"

namespace fieldkms::testing {
namespace {

class StagerTest : public ::testing::Test {
 protected:
  static WholeKey Key(uint64_t key_id, uint32_t versions) {
    WholeKey whole;
    whole.key.tenant = "acme";
    whole.key.name = "k" + std::to_string(key_id);
    whole.key.key_id = key_id;
    whole.key.primary_version = versions;
    for (uint32_t v = 1; v <= versions; ++v) {
      KeyVersionRecord version;
      version.version = v;
      version.kek_version = 1;
      version.wrapped = "w";
      whole.versions.push_back(version);
    }
    return whole;
  }
  absl::Status Apply(Stager& stager) {
    const WholeTenant acme = {{"acme", {}, 1, 0}, {{1, "kek", {}}}};
    return stager.Apply({acme}, ImportMode::kNew, 0);
  }
  int Batches() { return store_.watch().Count("StageKeys"); }

  TempDir dir_;
  WatchedStore store_{OpenSqliteStore(dir_.File("store.db"), SystemClock()).value()};
};

// A batch is one transaction, with a deadline of its own.
TEST_F(StagerTest, BatchesAreOfFewKeysAndOfFewVersions) {
  ASSERT_OK_AND_ASSIGN(Stager stager, Stager::Begin(store_, SystemClock()));
  uint64_t id = 0;
  for (int i = 0; i < 200; ++i) ASSERT_OK(stager.Take(Key(++id, 1)));
  EXPECT_EQ(Batches(), 0);
  ASSERT_OK(stager.Take(Key(++id, 1)));
  EXPECT_EQ(Batches(), 1);
  ASSERT_OK(stager.Take(Key(++id, 1'999)));
  EXPECT_EQ(Batches(), 1);
  ASSERT_OK(stager.Take(Key(++id, 9'000)));  // a key is never divided
  EXPECT_EQ(Batches(), 2);
  ASSERT_OK(stager.Take(Key(++id, 1)));
  EXPECT_EQ(Batches(), 3);
  ASSERT_OK(Apply(stager));
  EXPECT_EQ(Batches(), 4);
  ASSERT_OK_AND_ASSIGN(const auto versions,
                       store_.ListKeyVersions("acme", 203, 0, 10'000, kNoDeadline));
  EXPECT_EQ(versions.size(), 9'000u);
}

TEST_F(StagerTest, WhatComesAgainCountsOnce) {
  ASSERT_OK_AND_ASSIGN(Stager stager, Stager::Begin(store_, SystemClock()));
  const AliasRecord alias{"acme", "a", 1, 0};
  const FieldRecord field{"acme", "f", 1, "{}", {}, {}, 0};
  for (const uint32_t versions : {1u, 3u, 2u}) {
    ASSERT_OK(stager.Take(Key(1, versions)));
    ASSERT_OK(stager.Take(alias));
    ASSERT_OK(stager.Take(field));
    for (uint64_t id = 2; id < 203; ++id) ASSERT_OK(stager.Take(Key(id, 1)));  // another batch
  }
  EXPECT_OK(Apply(stager));
}

TEST_F(StagerTest, BatchesOfFieldsAreSmall) {
  ASSERT_OK_AND_ASSIGN(Stager stager, Stager::Begin(store_, SystemClock()));
  for (uint64_t id = 1; id <= 51; ++id) {
    const std::string name = "f" + std::to_string(id);
    ASSERT_OK(stager.Take(FieldRecord{"acme", name, id, std::string(65'536, 'p'), {}, {}, 0}));
    EXPECT_EQ(store_.watch().Count("StageFields"), id <= 50 ? 0 : 1);
  }
  ASSERT_OK(Apply(stager));
  ASSERT_OK_AND_ASSIGN(const auto fields, store_.ListFields("acme", "", 99, kNoDeadline));
  EXPECT_EQ(fields.size(), 51u);
}

TEST_F(StagerTest, DropsWhatItHasTaken) {
  ASSERT_OK_AND_ASSIGN(Stager stager, Stager::Begin(store_, SystemClock()));
  for (uint64_t id = 1; id < 250; ++id) ASSERT_OK(stager.Take(Key(id, 1)));
  ASSERT_OK(stager.Take(FieldRecord{"acme", "f", 1, "{}", {}, {}, 0}));
  stager.Drop();
  ASSERT_OK(Apply(stager));
  ASSERT_OK_AND_ASSIGN(const auto fields, store_.ListFields("acme", "", 9, kNoDeadline));
  EXPECT_TRUE(fields.empty());
  ASSERT_OK_AND_ASSIGN(const auto keys, store_.ListKeys("acme", "", 9, kNoDeadline));
  EXPECT_TRUE(keys.empty());
}

}  // namespace
}  // namespace fieldkms::testing
