#include "kms/store/sqlite_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/files.h"
#include "kms/store/sqlite_migrations.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// The header of a SQLite file (https://www.sqlite.org/fileformat.html, 1.3).
constexpr size_t kHeaderSize = 100;
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr size_t kUserVersionOffset = 60;
constexpr size_t kApplicationIdOffset = 68;

absl::Status FileError(int error, std::string_view doing, const std::string& path) {
  const std::string text = std::string(doing) + " " + path + ": " + strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::kStoreFull, text);
  }
  if (error == EEXIST) {
    return Error(absl::StatusCode::kAlreadyExists, Reason::kStoreUnavailable, text);
  }
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable, text);
}

bool HoldsBytes(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && info.st_size > 0;
}

void RemoveWithCompanions(const std::string& path) {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) unlink((path + suffix).c_str());
}

absl::Status FillAndSync(const std::string& path,
                         const std::function<absl::Status(const std::string&)>& fill) {
  const FileDescriptor file(
      open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return FileError(errno, "create", path);
  FIELDKMS_RETURN_IF_ERROR(fill(path));
  if (fsync(file.get()) != 0) return FileError(errno, "sync", path);
  return absl::OkStatus();
}

absl::Status CheckHeader(std::string_view header) {
  if (header.size() < kHeaderSize) return StoreCorrupt("the file is too short");
  if (!header.starts_with(kMagic)) return StoreCorrupt("the file is no SQLite database");
  const uint8_t* bytes = AsBytes(header).data();
  // A file in WAL mode may have newer values in its log, so this says "not ours"
  // and "too new" for certain, but "good" only for now.
  return CheckIdentity(GetU32(bytes + kApplicationIdOffset), GetU32(bytes + kUserVersionOffset));
}

}  // namespace

absl::StatusOr<bool> StoreFileExists(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return true;
  if (errno != ENOENT) return FileError(errno, "look at", path);
  for (const char* suffix : {"-wal", "-journal"}) {
    const std::string log = path + suffix;
    if (HoldsBytes(log)) return StoreCorrupt("the file is missing, but its log is there: " + log);
  }
  return false;
}

absl::Status MakeStoreFile(const std::string& path,
                           const std::function<absl::Status(const std::string&)>& fill) {
  const std::string draft = path + ".new";
  RemoveWithCompanions(draft);
  absl::Status status = FillAndSync(draft, fill);
  if (status.ok()) {
    if (const int error = RenameNew(draft, path); error != 0) {
      status = FileError(error, "name", path);
    }
  }
  RemoveWithCompanions(draft);
  FIELDKMS_RETURN_IF_ERROR(status);
  return SyncName(path);
}

absl::Status CheckStoreFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return FileError(errno, "open", path);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FileError(errno, "look at", path);
  if (!S_ISREG(info.st_mode)) return StoreCorrupt(path + " is not a regular file");
  std::array<char, kHeaderSize> header;
  const ssize_t size = pread(file.get(), header.data(), header.size(), 0);
  if (size < 0) return FileError(errno, "read", path);
  FIELDKMS_RETURN_IF_ERROR(CheckHeader({header.data(), static_cast<size_t>(size)}));
  // A restored backup may have come with looser permissions.
  if ((info.st_mode & 077) != 0 && fchmod(file.get(), info.st_mode & 0700) != 0) {
    return FileError(errno, "protect", path);
  }
  return absl::OkStatus();
}

absl::Status SyncName(const std::string& path) {
  const int error = SyncDirectoryOf(path);
  return error == 0 ? absl::OkStatus() : FileError(error, "sync the directory of", path);
}

absl::Status SyncLog(const std::string& path) {
  const std::string log = path + "-wal";
  const FileDescriptor file(open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return errno == ENOENT ? absl::OkStatus() : FileError(errno, "open", log);
  return fdatasync(file.get()) == 0 ? absl::OkStatus() : FileError(errno, "sync", log);
}

}  // namespace fieldkms
