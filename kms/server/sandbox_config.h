// What the configuration says of the sandbox.
#ifndef FIELDKMS_KMS_SERVER_SANDBOX_CONFIG_H_
#define FIELDKMS_KMS_SERVER_SANDBOX_CONFIG_H_

#include <string>
#include <vector>

namespace fieldkms {

enum class SeccompMode {
  kOn,   // other calls than a service's fail with EPERM
  kLog,  // they go through, and the kernel's audit log has them
  kOff,
};

struct SandboxConfig {
  SeccompMode seccomp = SeccompMode::kOn;
  bool landlock = true;
  // Directories and files beyond those that the rest of the configuration names.
  std::vector<std::string> read = {};
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_SANDBOX_CONFIG_H_
