#include "kms/root/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "fieldkms-root-1 ";
constexpr size_t kEncodedSize = Base64Size(Base64::kUrl, kRootKeySize);
static_assert(MaxBase64Bytes(kEncodedSize) == kRootKeySize);
constexpr size_t kLineSize = kPrefix.size() + kEncodedSize + 1;

absl::Status FileError(int error, std::string_view doing, const std::string& path) {
  const std::string text = "root key file " + path + ": " + std::string(doing) + ": ";
  if (error == EEXIST) {
    return Error(absl::StatusCode::kAlreadyExists, Reason::kConfigInvalid, text + "it exists");
  }
  if (error == ENOENT) {
    return Error(absl::StatusCode::kNotFound, Reason::kConfigInvalid, text + strerror(error));
  }
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, text + strerror(error));
}

absl::Status NoKeyFile(const std::string& path) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               path + " is not a FieldKMS root key file");
}

absl::Status BadPermissions(const std::string& path, std::string_view rule) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootFilePermissions,
               "root key file " + path + " " + std::string(rule));
}

absl::Status WriteAll(int fd, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "write", path);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(const std::string& path, ByteView line) {
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return FileError(errno, "create", path);
  FIELDKMS_RETURN_IF_ERROR(WriteAll(file.get(), line, path));
  if (fsync(file.get()) != 0) return FileError(errno, "sync", path);
  return absl::OkStatus();
}

// A name of its own for each attempt: a crash leaves a file behind that no later
// attempt trips over.
absl::StatusOr<std::string> DraftName(const std::string& path) {
  std::array<uint8_t, 9> random;
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(random));
  std::array<uint8_t, 12> text;
  EncodeBase64(Base64::kUrl, random, text);
  return path + ".new-" + std::string(AsText(text));
}

absl::Status CheckOwnerAndMode(const struct stat& info, const std::string& path) {
  if (!S_ISREG(info.st_mode)) return NoKeyFile(path);
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return BadPermissions(path, "belongs to another user: chown it to the user of the service");
  }
  if ((info.st_mode & 077) != 0) {
    return BadPermissions(path, "can be reached by group or others: chmod 600 it");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteKeyFile(const std::string& path, const SecretBytes& key) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes line, SecretBytes::Allocate(kLineSize));
  const MutableBytes bytes = line.ExposeMutable();
  memcpy(bytes.data(), kPrefix.data(), kPrefix.size());
  EncodeBase64(Base64::kUrl, key.Expose(), bytes.subspan(kPrefix.size(), kEncodedSize));
  bytes.back() = '\n';
  FIELDKMS_ASSIGN_OR_RETURN(const std::string draft, DraftName(path));
  absl::Status status = WriteAndSync(draft, line.Expose());
  if (status.ok()) {
    if (const int error = RenameNew(draft, path); error != 0) {
      status = FileError(error, "create", path);
    }
  }
  if (!status.ok()) {
    unlink(draft.c_str());
    return status;
  }
  const int error = SyncDirectoryOf(path);
  return error == 0 ? absl::OkStatus() : FileError(error, "sync the directory of", path);
}

absl::StatusOr<SecretBytes> ReadKeyFile(const std::string& path) {
  // O_NONBLOCK: a FIFO of that name must not hang the start.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) {
    return errno == ELOOP ? BadPermissions(path, "is a symbolic link: name the file itself")
                          : FileError(errno, "open", path);
  }
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FileError(errno, "look at", path);
  FIELDKMS_RETURN_IF_ERROR(CheckOwnerAndMode(info, path));
  // One byte more than the line, so that a longer file shows.
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes line, SecretBytes::Allocate(kLineSize + 1));
  const ssize_t size = read(file.get(), line.ExposeMutable().data(), line.size());
  if (size < 0) return FileError(errno, "read", path);
  const ByteView text = line.Expose().first(static_cast<size_t>(size));
  if (text.size() != kLineSize || text.back() != '\n' || !AsText(text).starts_with(kPrefix)) {
    return NoKeyFile(path);
  }
  const ByteView encoded = text.subspan(kPrefix.size(), kEncodedSize);
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key, SecretBytes::Allocate(kRootKeySize));
  if (!DecodeBase64(Base64::kUrl, encoded, key.ExposeMutable())) return NoKeyFile(path);
  return key;
}

}  // namespace fieldkms
