// How a key in the transit engine of HashiCorp Vault or OpenBao is reached.
#ifndef FIELDKMS_KMS_ROOT_VAULT_OPTIONS_H_
#define FIELDKMS_KMS_ROOT_VAULT_OPTIONS_H_

#include <string>
#include <variant>

#include "kms/root/http_client.h"

namespace fieldkms {

// A file that holds a token, such as the sink of a Vault agent. It is read again
// whenever it has changed.
struct VaultTokenFile {
  std::string path;
};

// https://developer.hashicorp.com/vault/docs/auth/approle
struct VaultAppRole {
  std::string role_id;
  std::string secret_id_file;  // empty for roles that need no secret id
  std::string mount = "approle";
};

// https://developer.hashicorp.com/vault/docs/auth/kubernetes. The file is read at each
// login, since Kubernetes replaces it.
struct VaultKubernetes {
  std::string role;
  std::string jwt_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  std::string mount = "kubernetes";
};

// Names and paths are printable ASCII without quotes, backslashes, "?", "#", "%" and
// spaces.
struct VaultOptions {
  std::string address = {};       // "https://vault.example.com:8200"
  std::string name_space = {};    // X-Vault-Namespace; empty: none
  std::string mount = "transit";  // where the transit engine is mounted
  std::string key = {};           // the name of the transit key
  std::variant<VaultTokenFile, VaultAppRole, VaultKubernetes> auth = {};
  HttpOptions http = {};
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_OPTIONS_H_
