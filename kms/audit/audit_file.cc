#include "kms/audit/audit_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "crypto/status.h"

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

class PosixAuditFile final : public AuditFile {
 public:
  PosixAuditFile(std::string path, int fd, const struct stat& identity)
      : path_(std::move(path)), fd_(fd), device_(identity.st_dev), inode_(identity.st_ino) {}
  ~PosixAuditFile() override { close(fd_); }

  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemError("write");
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    return fdatasync(fd_) == 0 ? absl::OkStatus() : SystemError("fdatasync");
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
  const int fd_;
  const dev_t device_;
  const ino_t inode_;
};

absl::Status SyncDirectory(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const int fd = open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("open of its directory");
  const int result = fsync(fd);
  close(fd);
  return result == 0 ? absl::OkStatus() : SystemError("fsync of its directory");
}

absl::Status ReadTail(int fd, off_t size, std::string* tail) {
  const off_t from = std::max<off_t>(0, size - kTailSize);
  tail->resize(static_cast<size_t>(size - from));
  if (pread(fd, tail->data(), tail->size(), from) != static_cast<ssize_t>(tail->size())) {
    return SystemError("read");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditFile>> OpenAuditFile(const std::string& path,
                                                         std::string* tail) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return SystemError("open");
  struct stat identity {};
  if (fstat(fd, &identity) != 0) {
    close(fd);
    return SystemError("fstat");
  }
  auto file = std::make_unique<PosixAuditFile>(path, fd, identity);
  FIELDKMS_RETURN_IF_ERROR(ReadTail(fd, identity.st_size, tail));
  if (S_ISREG(identity.st_mode)) FIELDKMS_RETURN_IF_ERROR(SyncDirectory(path));
  return file;
}

}  // namespace fieldkms
