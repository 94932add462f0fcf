#include "kms/root/credential_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/files.h"
#include "kms/root/vault_json.h"

namespace fieldkms {
namespace {

FileStamp StampFrom(const struct stat& info) {
  return {info.st_ino, info.st_size, info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
}

absl::Status Unreadable(const std::string& path, std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
               "credential file " + path + ": " + std::string(why));
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::optional<FileStamp> StampOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return StampFrom(info);
}

absl::StatusOr<CredentialFile> ReadCredentialFile(const std::string& path,
                                                  CredentialFileMode mode) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (file.get() < 0 || fstat(file.get(), &info) != 0) return Unreadable(path, strerror(errno));
  if (mode == CredentialFileMode::kPrivate && (info.st_mode & S_IROTH) != 0) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootFilePermissions,
                 "credential file " + path + " can be read by others: chmod o-rwx it");
  }
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes buffer, SecretBytes::Allocate(4096));
  const ssize_t size = read(file.get(), buffer.ExposeMutable().data(), buffer.size());
  if (size < 0) return Unreadable(path, strerror(errno));
  const std::string_view text = Trim(AsText(buffer.Expose().first(static_cast<size_t>(size))));
  if (text.empty()) return Unreadable(path, "is empty");
  if (static_cast<size_t>(size) == buffer.size() || !IsPlain(text)) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
                 "credential file " + path + " does not hold a credential");
  }
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::CopyOf(AsBytes(text)));
  return CredentialFile{std::move(secret), StampFrom(info)};
}

}  // namespace fieldkms
