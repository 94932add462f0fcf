#include "kms/root/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "crypto/status.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxSecretSize = 1024;
constexpr mode_t kGroupOrOthers = 077;
constexpr mode_t kAllButGroupRead = 037;

absl::Status Invalid(std::string_view what, std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               std::string(what) + " " + std::string(rule));
}

absl::Status BadPermissions(std::string_view name, std::string_view rule) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootFilePermissions,
               std::string(name) + " " + std::string(rule));
}

absl::Status CheckOwnerAndMode(const struct stat& info, mode_t refused, const std::string& name) {
  if (!S_ISREG(info.st_mode)) return Invalid(name, "is not a regular file");
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return BadPermissions(name, "belongs to another user: chown it to the user of the service");
  }
  if ((info.st_mode & refused) != 0) {
    return BadPermissions(name, "can be reached by group or others: chmod 600 it");
  }
  return absl::OkStatus();
}

absl::StatusOr<SecretBytes> ReadAll(int fd, size_t max_size, std::string_view what,
                                    const std::string& path) {
  // One byte more than the limit, so that a longer file shows.
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes all, SecretBytes::Allocate(max_size + 1));
  size_t size = 0;
  while (size < all.size()) {
    const ssize_t n = read(fd, all.ExposeMutable().data() + size, all.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, what, path, "read");
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > max_size) return Invalid(std::string(what) + " " + path, "is too long");
  return SecretBytes::CopyOf(all.Expose().first(size));
}

absl::StatusOr<SecretBytes> ReadChecked(const std::string& path, size_t max_size,
                                        std::string_view what, mode_t refused) {
  const std::string name = std::string(what) + " " + path;
  // O_NONBLOCK: a FIFO of that name must not hang the start.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) {
    return errno == ELOOP ? BadPermissions(name, "is a symbolic link: name the file itself")
                          : FileError(errno, what, path, "open");
  }
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FileError(errno, what, path, "look at");
  FIELDKMS_RETURN_IF_ERROR(CheckOwnerAndMode(info, refused, name));
  return ReadAll(file.get(), max_size, what, path);
}

absl::StatusOr<std::string> CredentialPath(const std::string& name, std::string_view what) {
  if (name.find('/') != std::string::npos || name == "." || name == "..") {
    return Invalid(what, "credential is a name, not a path");
  }
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return Invalid(what,
                   "is a credential, but there is no $CREDENTIALS_DIRECTORY: start the service by "
                   "systemd with LoadCredential=");
  }
  return std::string(directory) + "/" + name;
}

}  // namespace

absl::Status FileError(int error, std::string_view what, const std::string& path,
                       std::string_view doing) {
  const std::string text =
      std::string(what) + " " + path + ": " + std::string(doing) + ": " + strerror(error);
  switch (error) {
    case EEXIST:
      return Error(absl::StatusCode::kAlreadyExists, Reason::kConfigInvalid, text);
    case ENOENT:
      return Error(absl::StatusCode::kNotFound, Reason::kConfigInvalid, text);
    default:
      return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, text);
  }
}

absl::StatusOr<SecretBytes> ReadPrivateFile(const std::string& path, size_t max_size,
                                            std::string_view what) {
  return ReadChecked(path, max_size, what, kGroupOrOthers);
}

absl::StatusOr<SecretBytes> ReadSecret(const SecretSource& source, std::string_view what) {
  if (source.file.empty() == source.credential.empty()) {
    return Invalid(what, "needs a file or a credential, and not both");
  }
  std::string path = source.file;
  mode_t refused = kGroupOrOthers;
  if (path.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(path, CredentialPath(source.credential, what));
    refused = kAllButGroupRead;
  }
  const std::string file = std::string(what) + " file";
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes text, ReadChecked(path, kMaxSecretSize + 1, file, refused));
  ByteView bytes = text.Expose();
  if (!bytes.empty() && bytes.back() == '\n') bytes = bytes.first(bytes.size() - 1);
  if (bytes.empty()) return Invalid(file + " " + path, "is empty");
  if (bytes.size() > kMaxSecretSize)
    return Invalid(file + " " + path, "is longer than 1,024 bytes");
  return SecretBytes::CopyOf(bytes);
}

}  // namespace fieldkms
