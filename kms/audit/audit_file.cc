#include "kms/audit/audit_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "crypto/status.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

// Longer than any two lines that we write: the last may be torn.
constexpr off_t kTailSize = 64 << 10;

absl::Status Unavailable(const std::string& message) {
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable, message);
}

absl::Status SystemError(const std::string& what) {
  return Unavailable("audit trail: " + what + ": " + std::strerror(errno));
}

// What others could write is no trail, and what they could read is theirs to know.
absl::Status Protect(int fd, const struct stat& info, const std::string& path) {
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return Unavailable("audit trail: " + path +
                       " belongs to another user; chown it to the user that runs the daemon, or "
                       "move it away and a new one is made");
  }
  if ((info.st_mode & 07777) != 0600 && fchmod(fd, 0600) != 0) return SystemError("fchmod");
  return absl::OkStatus();
}

absl::Status ReadTail(int fd, off_t size, std::string* tail) {
  const off_t from = std::max<off_t>(0, size - kTailSize);
  tail->resize(static_cast<size_t>(size - from));
  if (pread(fd, tail->data(), tail->size(), from) != static_cast<ssize_t>(tail->size())) {
    return SystemError("read");
  }
  return absl::OkStatus();
}

class PosixAuditFile final : public AuditFile {
 public:
  PosixAuditFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  // Checks the file and takes its tail. Before all else, and once.
  absl::Status Begin(std::string* tail) {
    if (fd_.get() < 0) return SystemError("open");
    struct stat info {};
    if (fstat(fd_.get(), &info) != 0) return SystemError("fstat");
    device_ = info.st_dev;
    inode_ = info.st_ino;
    if (S_ISREG(info.st_mode)) {  // tests write to devices
      FIELDKMS_RETURN_IF_ERROR(Protect(fd_.get(), info, path_));
      errno = SyncDirectoryOf(path_);
      if (errno != 0) return SystemError("fsync of its directory");
    }
    return ReadTail(fd_.get(), info.st_size, tail);
  }

  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemError("write");
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    return fdatasync(fd_.get()) == 0 ? absl::OkStatus() : SystemError("fdatasync");
  }

  absl::Status CheckInPlace() override {
    struct stat now {};
    if (stat(path_.c_str(), &now) != 0) return SystemError("stat");
    if (now.st_dev != device_ || now.st_ino != inode_) {
      return Unavailable("audit trail: the file was replaced while it was in use");
    }
    return absl::OkStatus();
  }

 private:
  const std::string path_;
  const FileDescriptor fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AuditFile>> OpenAuditFile(const std::string& path,
                                                         std::string* tail) {
  auto file = std::make_unique<PosixAuditFile>(
      path, open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  FIELDKMS_RETURN_IF_ERROR(file->Begin(tail));
  return file;
}

}  // namespace fieldkms
