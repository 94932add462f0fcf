// VaultCall: one call of the transit API, as what answers it sees it. Internal to the Vault API.
#ifndef FIELDKMS_SQL_SHIM_VAULT_CALL_H_
#define FIELDKMS_SQL_SHIM_VAULT_CALL_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kms/access/action.h"
#include "sql/shim/backend.h"
#include "sql/shim/json_body.h"
#include "sql/shim/peers.h"
#include "sql/shim/vault_json.h"

namespace fieldkms::shim {

struct VaultCall {
  Backend& backend;
  const Asker& asker;
  std::string method;              // "LIST" for GET with ?list=true
  std::vector<std::string> parts;  // of the path below the mount, decoded: "keys", "name"
  JsonBody& json;                  // what was sent: an object
  const JsonObject& body;          // it

  const std::string& tenant() const { return backend.config().vault.tenant; }
  bool May(Action action, std::string_view name) const {
    return asker.rules.Allows(action, tenant(), name);
  }

  // For the audit record; of the key that the call is about, if there is one.
  std::string key = {};
  uint64_t items = 1;
  uint64_t failed = 0;
  LocalTally local = {};
};

// Each runs on a worker and may block. Rights are checked there: 403 without.
HttpResponse VaultEncrypt(VaultCall& call);
HttpResponse VaultDecrypt(VaultCall& call);
HttpResponse VaultRewrap(VaultCall& call);
HttpResponse VaultHmac(VaultCall& call);
HttpResponse VaultVerify(VaultCall& call);
HttpResponse VaultDatakey(VaultCall& call);
HttpResponse VaultRandom(VaultCall& call);
HttpResponse VaultListKeys(VaultCall& call);
HttpResponse VaultCreateKey(VaultCall& call);
HttpResponse VaultReadKey(VaultCall& call);
HttpResponse VaultDeleteKey(VaultCall& call);
HttpResponse VaultConfigureKey(VaultCall& call);
HttpResponse VaultRotateKey(VaultCall& call);

// The key of this name, with its id and versions.
absl::StatusOr<v1::Key> GetVaultKey(VaultCall& call);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_CALL_H_
