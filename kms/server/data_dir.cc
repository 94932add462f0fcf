#include "kms/server/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status Refuse(const std::string& message) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid, message);
}

absl::Status CheckPrivate(const std::string& dir) {
  struct stat info {};
  if (lstat(dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return Refuse("data directory " + dir + ": not a directory");
  }
  if (info.st_uid != geteuid()) {
    return Refuse("data directory " + dir + ": belongs to another user than the one running this");
  }
  if ((info.st_mode & 077) != 0) {
    return Refuse("data directory " + dir + ": open to group or others; run: chmod 700 " + dir);
  }
  return absl::OkStatus();
}

// What the holder has written into the file: its pid.
std::string Holder(int fd) {
  char text[32] = {};
  const ssize_t n = pread(fd, text, sizeof text - 1, 0);
  const std::string pid(text, text + std::strspn(text, "0123456789"));
  return n > 0 && !pid.empty() ? "process " + pid : "another process";
}

}  // namespace

absl::StatusOr<DataDirLock> DataDirLock::Acquire(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);  // 0700, by the process's umask
  if (error) return Refuse("cannot make data directory " + dir + ": " + error.message());
  FIELDKMS_RETURN_IF_ERROR(CheckPrivate(dir));
  const std::string path = dir + "/LOCK";
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const int fd = file.get();
  if (fd < 0) return Refuse("cannot open " + path + ": " + std::strerror(errno));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kDataDirInUse,
                 "data directory " + dir + " is in use by " + Holder(fd) + "; stop that first");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    // Only the name of the holder is lost, for a message.
  }
  return DataDirLock(std::move(file));
}

}  // namespace fieldkms
