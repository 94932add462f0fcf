// The sandbox that fieldkmsd serves in. docs/operators.md says what it holds.
#ifndef FIELDKMS_KMS_SERVER_SANDBOX_H_
#define FIELDKMS_KMS_SERVER_SANDBOX_H_

#include "absl/status/status.h"
#include "kms/server/config.h"

namespace fieldkms {

// EnterSandbox confines the process as `config` says and logs what holds (`sandbox`). Call it when
// the configuration was read, after HardenProcess and before there is a second thread: Landlock
// binds only those that come after. Makes the data directory, for a rule needs it to be there.
// Error: kInternal, when the kernel has what was asked for and refuses it.
absl::Status EnterSandbox(const Config& config);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_SANDBOX_H_
