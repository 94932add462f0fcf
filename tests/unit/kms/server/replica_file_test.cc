#include "kms/server/replica_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using testing::TempDir;
using testing::WriteFile;

const std::string kId(32, 'a');

TEST(ReplicaFileTest, WhatIsSavedComesBack) {
  const TempDir dir;
  EXPECT_EQ(ReplicaFile(dir.path()).Last(), "");
  ASSERT_OK(ReplicaFile(dir.path()).Save(kId));
  EXPECT_EQ(ReplicaFile(dir.path()).Last(), kId);
  ASSERT_OK(ReplicaFile(dir.path()).Save(std::string(32, 'b')));
  EXPECT_EQ(ReplicaFile(dir.path()).Last(), std::string(32, 'b'));
}

TEST(ReplicaFileTest, NotOfAnotherRunOfTheMachine) {
  const TempDir dir;
  ASSERT_OK(ReplicaFile(dir.path(), "boot-1").Save(kId));
  EXPECT_EQ(ReplicaFile(dir.path(), "boot-1").Last(), kId);
  EXPECT_EQ(ReplicaFile(dir.path(), "boot-2").Last(), "");
}

TEST(ReplicaFileTest, NotOfACopyOfTheDirectory) {
  const TempDir dir;
  const std::string first = dir.File("first"), copy = dir.File("copy");
  std::filesystem::create_directory(first);
  ASSERT_OK(ReplicaFile(first).Save(kId));
  std::filesystem::copy(first, copy);
  EXPECT_EQ(ReplicaFile(copy).Last(), "");
  EXPECT_EQ(ReplicaFile(first).Last(), kId);
}

TEST(ReplicaFileTest, WhatCannotBeReadIsNone) {
  const TempDir dir;
  for (const std::string content : {"", "\n", "one", "\0\0\0"}) {
    WriteFile(dir.File("REPLICA"), content);
    EXPECT_EQ(ReplicaFile(dir.path()).Last(), "");
  }
}

TEST(ReplicaFileTest, WhatCannotBeWrittenIsSaid) {
  EXPECT_THAT(ReplicaFile("/nonexistent").Save(kId),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kConfigInvalid));
}

}  // namespace
}  // namespace fieldkms
