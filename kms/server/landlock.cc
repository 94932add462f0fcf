#include "kms/server/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "crypto/status.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                              LANDLOCK_ACCESS_FS_READ_FILE | (uint64_t{1} << 14);
// Versions 2 and 3 brought moving between directories and truncating, which older headers lack.
constexpr uint64_t kFirst = (uint64_t{1} << 13) - 1;
constexpr uint64_t kRefer = uint64_t{1} << 13;
constexpr uint64_t kTruncate = uint64_t{1} << 14;

uint64_t Handled(int version) {
  return kFirst | (version >= 2 ? kRefer : 0) | (version >= 3 ? kTruncate : 0);
}

absl::Status Refused(const std::string& what) {
  return Error(absl::StatusCode::kInternal, Reason::kInternal,
               "the kernel refused to confine the process to its files (" + what +
                   "): " + std::strerror(errno));
}

absl::Status AddRule(int ruleset, uint64_t handled, const FileRule& rule) {
  const FileDescriptor at(open(rule.path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info {};
  if (at.get() < 0 || fstat(at.get(), &info) != 0) return absl::OkStatus();
  landlock_path_beneath_attr attributes{};
  attributes.allowed_access = rule.write ? handled & ~uint64_t{LANDLOCK_ACCESS_FS_EXECUTE} : kRead;
  if (!S_ISDIR(info.st_mode)) attributes.allowed_access &= kOfFiles;
  attributes.parent_fd = at.get();
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attributes, 0) != 0) {
    return Refused(rule.path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> RestrictFiles(std::span<const FileRule> rules) {
  const int version = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (version < 1) return 0;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = Handled(version);
  const FileDescriptor ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (ruleset.get() < 0) return Refused("ruleset");
  for (const FileRule& rule : rules) {
    FIELDKMS_RETURN_IF_ERROR(AddRule(ruleset.get(), attributes.handled_access_fs, rule));
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return Refused("restrict");
  return version;
}

}  // namespace fieldkms
