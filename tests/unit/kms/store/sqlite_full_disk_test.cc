// A disk that is really full: a file system of half a megabyte, mounted where only
// this test's process sees it.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>

#include "kms/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/store/store_fixture.h"

namespace fieldkms::testing {
namespace {

// Writes `value` to a file of /proc.
bool Tell(const char* path, const std::string& value) {
  FILE* file = std::fopen(path, "we");
  if (file == nullptr) return false;
  const bool written = std::fwrite(value.data(), 1, value.size(), file) == value.size();
  return std::fclose(file) == 0 && written;
}

// A mount namespace of our own; without privileges, inside a user namespace in
// which we are root.
bool EnterOwnNamespace() {
  if (unshare(CLONE_NEWNS) == 0) return true;
  const std::string map = "0 " + std::to_string(geteuid()) + " 1";
  return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && Tell("/proc/self/uid_map", map);
}

class SqliteFullDisk : public StoreFixture {
 protected:
  // Runs `body` in a child process in which directory() is a small disk.
  template <class Body>
  void OnSmallDisk(const Body& body) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const char* const path = directory().c_str();
      if (!EnterOwnNamespace() || mount("none", path, "tmpfs", 0, "size=512k,mode=0700") != 0) {
        std::perror("mounting a small disk");
        _exit(2);
      }
      body();
      Close();
      umount2(path, MNT_DETACH);
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "see the output of the child process above";
  }
  // Leaves `bytes` of the disk free.
  void FillDisk(size_t bytes) {
    const size_t free = std::filesystem::space(directory()).available;
    ASSERT_GT(free, bytes);
    WriteFile(File("ballast"), std::string(free - bytes, 'x'));
  }
};

TEST_F(SqliteFullDisk, MutationsFailWholeReadsGoOnAndSpaceHeals) {
  OnSmallDisk([this] {
    ASSERT_OK(Open());
    ASSERT_OK(CreateTenant());
    ASSERT_OK(CreateKey(7));
    FillDisk(100'000);
    uint32_t version = 1;
    absl::Status status;
    while (status.ok() && version < 1000) status = Rotate(++version);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, Reason::kStoreFull));
    EXPECT_GT(version, 2u);
    EXPECT_EQ(CheckedPrimary(), version - 1);
    EXPECT_THAT(Rotate(version), StatusIs(Reason::kStoreFull));
    EXPECT_EQ(CheckedPrimary(), version - 1);

    std::filesystem::remove(File("ballast"));
    ASSERT_OK(Rotate(version));
    EXPECT_EQ(CheckedPrimary(), version);
    ASSERT_OK(Open());
    EXPECT_EQ(CheckedPrimary(), version);
  });
}

TEST_F(SqliteFullDisk, AFieldStaysAsItWas) {
  OnSmallDisk([this] {
    ASSERT_OK(Open());
    ASSERT_OK(CreateTenant());
    FieldRecord field{"acme", "f", 7, "short", {}, {}, 0};
    ASSERT_OK_AND_ASSIGN(const auto made,
                         store().PutField(field, {"request-1", std::string(32, 'f')}, kNoDeadline));
    FillDisk(100'000);
    field = made.value;
    field.policy = std::string(64 * 1024, 'p');
    const Mutation change{"request-2", std::string(32, 'f')};
    EXPECT_THAT(store().PutField(field, change, kNoDeadline),
                StatusIs(absl::StatusCode::kResourceExhausted, Reason::kStoreFull));
    ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "f", kNoDeadline));
    EXPECT_EQ(kept.policy, "short");
    std::filesystem::remove(File("ballast"));
    EXPECT_OK(store().PutField(field, change, kNoDeadline));
  });
}

TEST_F(SqliteFullDisk, StoreIsNotMadeOnAFullDisk) {
  OnSmallDisk([this] {
    FillDisk(20'000);
    EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kResourceExhausted, Reason::kStoreFull));
    EXPECT_FALSE(std::filesystem::exists(path()));
    std::filesystem::remove(File("ballast"));
    ASSERT_OK(Open());
    EXPECT_OK(CreateTenant());
  });
}

}  // namespace
}  // namespace fieldkms::testing
