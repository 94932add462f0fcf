#include "kms/server/sandbox.h"

#include <unistd.h>

#include <filesystem>

#include "crypto/status.h"
#include "kms/observe/log.h"
#include "kms/server/landlock.h"
#include "kms/server/landlock_rules.h"
#include "kms/server/seccomp_filter.h"

namespace fieldkms {
namespace {

std::string_view NameOf(SeccompMode mode, bool installed) {
  if (!installed) return mode == SeccompMode::kOff ? "off" : "not in this kernel";
  return mode == SeccompMode::kLog ? "log" : "on";
}

// What landlock is, for the log.
absl::StatusOr<std::string> ConfineFiles(const Config& config) {
  if (!config.sandbox.landlock) return "off";
  if (const std::string_view why = WhyUnconfined(config); !why.empty()) {
    return "off: " + std::string(why);
  }
  std::error_code ignored;  // whoever opens it says what is wrong with it
  std::filesystem::create_directories(config.data_dir, ignored);
  FIELDKMS_ASSIGN_OR_RETURN(const int version, RestrictFiles(FileRules(config)));
  return version > 0 ? "version " + std::to_string(version) : "not in this kernel";
}

}  // namespace

absl::Status EnterSandbox(const Config& config) {
  if (geteuid() == 0) {
    Log(LogLevel::kWarning, "running_as_root",
        {{"message", "the service needs no root: run it as a user of its own"}});
  }
#ifdef FIELDKMS_INSTRUMENTED
  // Sanitizers trace their own process, and coverage is written where it was compiled.
  Log(LogLevel::kWarning, "sandbox", {{"message", "none in an instrumented build"}});
  return absl::OkStatus();
#else
  FIELDKMS_ASSIGN_OR_RETURN(const std::string landlock, ConfineFiles(config));
  FIELDKMS_ASSIGN_OR_RETURN(const bool installed, InstallSeccomp(config.sandbox.seccomp));
  Log(LogLevel::kInfo, "sandbox",
      {{"seccomp", NameOf(config.sandbox.seccomp, installed)}, {"landlock", landlock}});
  return absl::OkStatus();
#endif
}

}  // namespace fieldkms
