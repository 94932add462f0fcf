// Values of Vault's or OpenBao's transit engine, which opens them: the key never leaves it.
#ifndef FIELDKMS_ROTATION_SOURCE_KEYS_VAULT_OPENER_H_
#define FIELDKMS_ROTATION_SOURCE_KEYS_VAULT_OPENER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/root/vault_options.h"
#include "rotation/source/source_opener.h"

namespace fieldkms::rotation {

struct VaultOpenerOptions {
  VaultOptions vault;
  bool holds_text = false;  // what it opens to must be UTF-8
  std::vector<SourceRole> roles = {};
};

// Connects to nothing. Its Open asks for batches of some hundred values at a time, and waits for at
// most a minute for each. Errors: kConfigInvalid, also in a build without Vault.
absl::StatusOr<std::unique_ptr<const SourceOpener>> MakeVaultOpener(VaultOpenerOptions options);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_KEYS_VAULT_OPENER_H_
