#include "kms/erasure/erasure_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kPiece = 64 << 10;

absl::Status Unavailable(const std::string& path, const std::string& what) {
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
               "erasure log " + path + ": " + what);
}

absl::Status SystemError(const std::string& path, const std::string& what) {
  return Unavailable(path, what + ": " + std::strerror(errno));
}

absl::Status ReadAll(const std::string& path, int fd, ErasureScan& scan) {
  std::vector<char> piece(kPiece);
  for (off_t from = 0;;) {
    const ssize_t size = pread(fd, piece.data(), piece.size(), from);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return SystemError(path, "read");
    if (size == 0) return absl::OkStatus();
    FIELDKMS_RETURN_IF_ERROR(scan.Feed({piece.data(), static_cast<size_t>(size)}));
    from += size;
  }
}

}  // namespace

absl::StatusOr<ErasureFile> ErasureFile::Open(const std::string& path) {
  ErasureFile file(path,
                   open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.fd_.get() < 0) return SystemError(path, "open");
  FIELDKMS_RETURN_IF_ERROR(file.Begin());
  return file;
}

// What others could write is no log, and what they could read is theirs to know.
absl::Status ErasureFile::Begin() {
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) return SystemError(path_, "fstat");
  device_ = info.st_dev;
  inode_ = info.st_ino;
  if (!S_ISREG(info.st_mode)) return Unavailable(path_, "it is no file");
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return Unavailable(path_,
                       "it belongs to another user; chown it to the user that runs the "
                       "daemon");
  }
  if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError(path_, "flock");
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kDataDirInUse,
                 "erasure log " + path_ + ": another process has it; each replica needs its own");
  }
  if ((info.st_mode & 07777) != 0600 && fchmod(fd_.get(), 0600) != 0) {
    return SystemError(path_, "fchmod");
  }
  errno = SyncDirectoryOf(path_);
  return errno == 0 ? absl::OkStatus() : SystemError(path_, "fsync of its directory");
}

absl::Status ErasureFile::Read(ErasureScan& scan) const { return ReadAll(path_, fd_.get(), scan); }

absl::Status ErasureFile::Cut(uint64_t size) {
  if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return SystemError(path_, "ftruncate");
  return fsync(fd_.get()) == 0 ? absl::OkStatus() : SystemError(path_, "fsync");
}

absl::Status ErasureFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(fd_.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return SystemError(path_, "write");
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  if (fdatasync(fd_.get()) != 0) return SystemError(path_, "fdatasync");
  return CheckInPlace();
}

absl::Status ErasureFile::CheckInPlace() const {
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) return SystemError(path_, "stat");
  if (now.st_dev != device_ || now.st_ino != inode_) {
    return Unavailable(path_, "it was replaced while it was in use");
  }
  return absl::OkStatus();
}

absl::Status ReadErasureFile(const std::string& path, ErasureScan& scan) {
  const FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError(path, "open");
  const absl::Status read = ReadAll(path, fd.get(), scan);
  return read.ok() ? scan.Finish() : read;
}

}  // namespace fieldkms
