#include "kms/trusted_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status Refused(const std::string& path, const std::string& why) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, path + ": " + why);
}

}  // namespace

absl::StatusOr<std::string> ReadTrustedFile(const std::string& path) {
  struct stat info {};
  std::ifstream in(path);
  if (!in || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Refused(path, "cannot be read as a file");
  }
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return Refused(path, "it belongs to another user; run: chown root " + path);
  }
  if ((info.st_mode & 022) != 0) {
    return Refused(path, "others than its owner may write to it; run: chmod go-w " + path);
  }
  return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace fieldkms
