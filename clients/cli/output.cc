#include "clients/cli/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "clients/cli/input.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status Exists(const std::string& path) {
  return Error(absl::StatusCode::kAlreadyExists, Reason::kUnspecified,
               path + " exists; --force replaces it", "out");
}

// Found before any work is done; Commit looks again, without a gap.
absl::Status CheckPath(const std::string& path, bool force) {
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : IoError("write " + path);
  }
  if (!S_ISREG(info.st_mode)) {
    return InvalidField("out", path + " is no regular file; use the shell's redirection for it");
  }
  return force ? absl::OkStatus() : Exists(path);
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return IoError("open the directory " + path);
  const int result = fsync(fd);
  close(fd);
  return result == 0 ? absl::OkStatus() : IoError("sync the directory " + path);
}

}  // namespace

absl::Status WriteAll(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return IoError("write the output");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<Output> Output::Open(const std::string& path, bool force) {
  if (path.empty() || path == "-") return Output(STDOUT_FILENO, "", "", force);
  FIELDKMS_RETURN_IF_ERROR(CheckPath(path, force));
  std::string temporary = path + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);  // 0600
  if (fd < 0) return IoError("create a file next to " + path);
  return Output(fd, path, std::move(temporary), force);
}

Output::Output(int fd, std::string path, std::string temporary, bool force)
    : fd_(fd), path_(std::move(path)), temporary_(std::move(temporary)), force_(force) {}

Output::Output(Output&& other) noexcept
    : fd_(std::exchange(other.fd_, STDOUT_FILENO)),
      path_(std::exchange(other.path_, {})),
      temporary_(std::exchange(other.temporary_, {})),
      force_(other.force_) {}

Output::~Output() {
  if (!path_.empty()) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status Output::Commit() {
  if (temporary_.empty()) return absl::OkStatus();
  if (fsync(fd_) != 0) return IoError("sync " + path_);
  const unsigned flags = force_ ? 0 : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    return errno == EEXIST ? Exists(path_) : IoError("write " + path_);
  }
  temporary_.clear();
  return SyncDirectory(DirectoryOf(path_));
}

bool Output::is_terminal() const { return isatty(fd_) == 1; }

}  // namespace fieldkms
