#include "kms/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using testing::ReadFile;
using testing::TempDir;
using testing::WriteFile;

TEST(RenameNew, MovesAFile) {
  const TempDir directory;
  WriteFile(directory.File("from"), "content");
  EXPECT_EQ(RenameNew(directory.File("from"), directory.File("to")), 0);
  EXPECT_EQ(ReadFile(directory.File("to")), "content");
  EXPECT_FALSE(std::filesystem::exists(directory.File("from")));
}

TEST(RenameNew, NeverReplacesAnything) {
  const TempDir directory;
  WriteFile(directory.File("from"), "new");
  WriteFile(directory.File("to"), "old");
  EXPECT_EQ(RenameNew(directory.File("from"), directory.File("to")), EEXIST);
  EXPECT_EQ(ReadFile(directory.File("to")), "old");
  EXPECT_EQ(ReadFile(directory.File("from")), "new");
  ASSERT_EQ(symlink("nowhere", directory.File("link").c_str()), 0);
  EXPECT_EQ(RenameNew(directory.File("from"), directory.File("link")), EEXIST);
  EXPECT_EQ(RenameNew(directory.File("none"), directory.File("other")), ENOENT);
}

TEST(SyncDirectoryOf, TakesAnyPathWhoseDirectoryIsThere) {
  const TempDir directory;
  EXPECT_EQ(SyncDirectoryOf(directory.File("file")), 0);
  EXPECT_EQ(SyncDirectoryOf("file-in-the-working-directory"), 0);
  EXPECT_EQ(SyncDirectoryOf("/file-in-the-root"), 0);
  EXPECT_EQ(SyncDirectoryOf(directory.File("none/file")), ENOENT);
  WriteFile(directory.File("file"), "");
  EXPECT_EQ(SyncDirectoryOf(directory.File("file/below")), ENOTDIR);
}

TEST(FileDescriptor, ClosesWhatItOwns) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  {
    const FileDescriptor reader(pipe_ends[0]);
    const FileDescriptor writer(pipe_ends[1]);
    EXPECT_EQ(writer.get(), pipe_ends[1]);
  }
  struct stat info;
  EXPECT_EQ(fstat(pipe_ends[1], &info), -1);
  const FileDescriptor none(-1);
  EXPECT_EQ(none.get(), -1);
}

}  // namespace
}  // namespace fieldkms
