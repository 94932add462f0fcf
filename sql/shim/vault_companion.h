// Companions: keys that make the MACs of keys which encrypt, since in Vault one key does both.
// Internal to the Vault API.
#ifndef FIELDKMS_SQL_SHIM_VAULT_COMPANION_H_
#define FIELDKMS_SQL_SHIM_VAULT_COMPANION_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sql/shim/vault_call.h"

namespace fieldkms::shim {

// Rights are checked for the name of a key, and count for its companion, too. So a key is one by
// what MakeCompanion gave it, never by its name alone: another that is called so is somebody
// else's.
bool IsCompanion(const v1::Key& key);

// The companion's name of `call.key`. Error: kNotFound, kKeyNotFound, where there is none, whatever
// else has the name; others as of Client::GetKey.
absl::StatusOr<std::string> FindCompanion(VaultCall& call);

// kAlreadyExists, kKeyExists, where the companion's name of `call.key` is another key's.
absl::Status CheckCompanionName(VaultCall& call);

// Makes the companion of `call.key`, if it is not there. Error: as CheckCompanionName, and of
// Client::CreateKey.
absl::Status MakeCompanion(VaultCall& call);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_COMPANION_H_
