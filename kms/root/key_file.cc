#include "kms/root/key_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/files.h"
#include "kms/root/secret_file.h"

namespace fieldkms {
namespace {

constexpr std::string_view kWhat = "root key file";
constexpr size_t kMaxFileSize = 4000;

absl::Status Failed(std::string_view doing, const std::string& path, int error) {
  return FileError(error, kWhat, path, doing);
}

absl::Status WriteAll(int fd, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", path, errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Owner and mode as of `like`, where there is one.
absl::Status WriteAndSync(const std::string& path, ByteView content, const struct stat* like) {
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return Failed("create", path, errno);
  if (like != nullptr && (fchown(file.get(), like->st_uid, like->st_gid) != 0 ||
                          fchmod(file.get(), like->st_mode & 0777) != 0)) {
    return Failed("give to its owner", path, errno);
  }
  FIELDKMS_RETURN_IF_ERROR(WriteAll(file.get(), content, path));
  if (fsync(file.get()) != 0) return Failed("sync", path, errno);
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

// Replaces the file that is `like`; with none, there must be no file.
absl::Status Publish(const std::string& path, ByteView content, const struct stat* like) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string draft, DraftName(path));
  absl::Status status = WriteAndSync(draft, content, like);
  if (status.ok()) {
    const int error = like == nullptr                            ? RenameNew(draft, path)
                      : rename(draft.c_str(), path.c_str()) != 0 ? errno
                                                                 : 0;
    if (error != 0) status = Failed(like == nullptr ? "create" : "replace", path, error);
  }
  if (!status.ok()) {
    unlink(draft.c_str());
    return status;
  }
  const int error = SyncDirectoryOf(path);
  return error == 0 ? absl::OkStatus() : Failed("sync the directory of", path, error);
}

// Held while the descriptor is open.
absl::StatusOr<FileDescriptor> LockDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  FileDescriptor file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0) return Failed("open the directory of", path, errno);
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return Failed("lock the directory of", path, errno);
  }
  return file;
}

}  // namespace

absl::Status WriteKeyFile(const std::string& path, const SecretBytes& content) {
  return Publish(path, content.Expose(), nullptr);
}

absl::StatusOr<SecretBytes> ReadKeyFile(const std::string& path) {
  return ReadPrivateFile(path, kMaxFileSize, kWhat);
}

absl::Status UpdateKeyFile(
    const std::string& path,
    const std::function<absl::StatusOr<SecretBytes>(const SecretBytes& content)>& change) {
  FIELDKMS_ASSIGN_OR_RETURN(const FileDescriptor lock, LockDirectoryOf(path));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes before, ReadKeyFile(path));
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return Failed("look at", path, errno);
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes after, change(before));
  return Publish(path, after.Expose(), &info);
}

}  // namespace fieldkms
