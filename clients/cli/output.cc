#include "clients/cli/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "clients/cli/input.h"
#include "clients/cpp/request_id.h"
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

// What an open file is called while it has no name.
std::string NameOf(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// A file without a name, or -1 where it could not be given one later.
int OpenNameless(const std::string& directory) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 || access(NameOf(fd).c_str(), F_OK) == 0) return fd;
  close(fd);
  return -1;
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
  if (const int fd = OpenNameless(DirectoryOf(path)); fd >= 0) return Output(fd, path, "", force);
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
      force_(other.force_),
      committed_(other.committed_) {}

Output::~Output() {
  if (!path_.empty()) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status Output::Commit() {
  if (path_.empty() || committed_) return absl::OkStatus();
  if (fsync(fd_) != 0) return IoError("sync " + path_);
  FIELDKMS_RETURN_IF_ERROR(Publish());
  committed_ = true;
  return SyncDirectory(DirectoryOf(path_));
}

// Both ways to a name refuse one that is taken, unless --force replaces it in one
// step: a nameless file cannot, so it gets a temporary name first.
absl::Status Output::Publish() {
  if (temporary_.empty()) {
    std::string name = path_;
    if (force_) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::string unique, NewRequestId());
      name += "." + unique;
    }
    if (linkat(AT_FDCWD, NameOf(fd_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return errno == EEXIST ? Exists(path_) : IoError("write " + path_);
    }
    if (!force_) return absl::OkStatus();
    temporary_ = name;
  }
  const unsigned flags = force_ ? 0 : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    return errno == EEXIST ? Exists(path_) : IoError("write " + path_);
  }
  temporary_.clear();
  return absl::OkStatus();
}

bool Output::is_terminal() const { return isatty(fd_) == 1; }

}  // namespace fieldkms
