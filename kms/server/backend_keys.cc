#include "kms/server/backend_keys.h"

#include <chrono>
#include <utility>

#include "crypto/hex.h"
#include "kms/settings/system_values.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// What is being read: nothing yet, until a key of some kind says which it is.
struct RootDraft {
  std::optional<RootConfig> config;
};
struct StoreDraft {
  std::optional<StoreConfig> config;
};

// The section of one kind. A second kind beside it is refused.
template <class Kind, class Draft>
Kind& Section(const YAML::Node& node, Draft& draft) {
  if (!draft.config) draft.config.emplace(Kind());
  Kind* const kind = std::get_if<Kind>(&*draft.config);
  if (kind == nullptr) throw YamlError(node, "is of another kind than the section before it");
  return *kind;
}

template <class Auth>
Auth& VaultAuth(const YAML::Node& node, RootDraft& draft) {
  auto& auth = Section<VaultOptions>(node, draft).auth;
  const auto* token = std::get_if<VaultTokenFile>(&auth);
  if (token != nullptr && token->path.empty()) auth.emplace<Auth>();
  Auth* const mine = std::get_if<Auth>(&auth);
  if (mine == nullptr) throw YamlError(node, "is another way to log in than the one before it");
  return *mine;
}

SecretSource& Passphrase(const YAML::Node& node, RootDraft& draft) {
  auto& passphrase = Section<LocalRootConfig>(node, draft).options.passphrase;
  if (!passphrase) passphrase.emplace();
  return *passphrase;
}

std::string ReadKeyId(const YAML::Node& node) {
  const std::string text = ReadText(node);
  std::string bytes(text.size() / 2, '\0');
  if (text.empty() || !DecodeHex(text, AsMutableBytes(bytes))) {
    throw YamlError(node, "must be lower-case hex digits, two a byte");
  }
  return bytes;
}

constexpr std::string_view kWrappings[] = {"auto", "gcm", "key_wrap"};
static_assert(static_cast<int>(Pkcs11Wrapping::kAesKeyWrap) == 2);

constexpr YamlKey<RootDraft> kRootKeys[] = {
    {"local.path", "absolute path", "DATA_DIR/root.key",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<LocalRootConfig>(node, draft).options.path = ReadAbsolutePath(node);
     }},
    {"local.create_if_missing", "true or false", "false",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<LocalRootConfig>(node, draft).create_if_missing = ReadBool(node);
     }},
    {"local.passphrase_file", "absolute path", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Passphrase(node, draft).file = ReadAbsolutePath(node);
     }},
    {"local.passphrase_credential", "name", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Passphrase(node, draft).credential = ReadText(node);
     }},
    {"pkcs11.module", "absolute path", "required",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).module = ReadAbsolutePath(node);
     }},
    {"pkcs11.token_label", "text", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).token_label = ReadText(node);
     }},
    {"pkcs11.token_serial", "text", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).token_serial = ReadText(node);
     }},
    {"pkcs11.key_label", "text", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).key_label = ReadText(node);
     }},
    {"pkcs11.key_id", "hex digits", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).key_id = ReadKeyId(node);
     }},
    {"pkcs11.pin_file", "absolute path", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).pin.file = ReadAbsolutePath(node);
     }},
    {"pkcs11.pin_credential", "name", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).pin.credential = ReadText(node);
     }},
    {"pkcs11.create_if_missing", "true or false", "false",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).create_if_missing = ReadBool(node);
     }},
    {"pkcs11.allow_extractable", "true or false", "false",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).allow_extractable = ReadBool(node);
     }},
    {"pkcs11.wrapping", "auto, gcm or key_wrap", "auto",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).wrapping =
           static_cast<Pkcs11Wrapping>(ReadChoice(node, kWrappings));
     }},
    {"pkcs11.iv_from_token", "true or false", "false",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).iv_from_token = ReadBool(node);
     }},
    {"pkcs11.sessions", "whole number", "4",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).sessions = static_cast<size_t>(ReadInt(node, 1, 64));
     }},
    {"pkcs11.call_timeout", "duration", "10s",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<Pkcs11RootOptions>(node, draft).call_timeout =
           ReadDuration(node, milliseconds(100), minutes(5));
     }},
    {"vault.address", "URL", "required",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<VaultOptions>(node, draft).address = ReadText(node);
     }},
    {"vault.key", "name", "required",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<VaultOptions>(node, draft).key = ReadText(node);
     }},
    {"vault.mount", "path", "transit",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<VaultOptions>(node, draft).mount = ReadText(node);
     }},
    {"vault.namespace", "path", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<VaultOptions>(node, draft).name_space = ReadText(node);
     }},
    {"vault.ca_file", "absolute path", "the system's",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<VaultOptions>(node, draft).http.ca_file = ReadAbsolutePath(node);
     }},
    {"vault.client_certificate", "absolute path", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<VaultOptions>(node, draft).http.client_certificate = ReadAbsolutePath(node);
     }},
    {"vault.client_key", "absolute path", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<VaultOptions>(node, draft).http.client_key = ReadAbsolutePath(node);
     }},
    {"vault.token_file", "absolute path", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       VaultAuth<VaultTokenFile>(node, draft).path = ReadAbsolutePath(node);
     }},
    {"vault.approle.role_id", "text", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       VaultAuth<VaultAppRole>(node, draft).role_id = ReadText(node);
     }},
    {"vault.approle.secret_id_file", "absolute path", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       VaultAuth<VaultAppRole>(node, draft).secret_id_file = ReadAbsolutePath(node);
     }},
    {"vault.approle.mount", "path", "approle",
     [](const YAML::Node& node, RootDraft& draft) {
       VaultAuth<VaultAppRole>(node, draft).mount = ReadText(node);
     }},
    {"vault.kubernetes.role", "name", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       VaultAuth<VaultKubernetes>(node, draft).role = ReadText(node);
     }},
    {"vault.kubernetes.jwt_file", "absolute path", "the service account's",
     [](const YAML::Node& node, RootDraft& draft) {
       VaultAuth<VaultKubernetes>(node, draft).jwt_file = ReadAbsolutePath(node);
     }},
    {"vault.kubernetes.mount", "path", "kubernetes",
     [](const YAML::Node& node, RootDraft& draft) {
       VaultAuth<VaultKubernetes>(node, draft).mount = ReadText(node);
     }},
    {"aws.key", "key ARN, key id or alias", "required",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<AwsRootOptions>(node, draft).key = ReadText(node);
     }},
    {"aws.region", "name", "that of the key's ARN",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<AwsRootOptions>(node, draft).region = ReadText(node);
     }},
    {"aws.endpoint", "URL", "that of the region",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<AwsRootOptions>(node, draft).endpoint = ReadText(node);
     }},
    {"aws.ca_file", "absolute path", "the system's",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<AwsRootOptions>(node, draft).ca_file = ReadAbsolutePath(node);
     }},
    {"aws.profile", "name", "none",
     [](const YAML::Node& node, RootDraft& draft) {
       Section<AwsRootOptions>(node, draft).profile = ReadText(node);
     }},
};

constexpr YamlKey<StoreDraft> kStoreKeys[] = {
    {"sqlite.path", "absolute path", "DATA_DIR/store.db",
     [](const YAML::Node& node, StoreDraft& draft) {
       Section<SqliteStoreConfig>(node, draft).path = ReadAbsolutePath(node);
     }},
    {"postgres.conninfo_file", "absolute path", "none",
     [](const YAML::Node& node, StoreDraft& draft) {
       Section<PostgresStoreConfig>(node, draft).conninfo_file = ReadAbsolutePath(node);
     }},
    {"postgres.service", "name", "none",
     [](const YAML::Node& node, StoreDraft& draft) {
       Section<PostgresStoreConfig>(node, draft).options.conninfo = "service=" + ReadText(node);
     }},
    {"postgres.connections", "whole number", "8",
     [](const YAML::Node& node, StoreDraft& draft) {
       Section<PostgresStoreConfig>(node, draft).options.connections =
           static_cast<size_t>(ReadInt(node, 1, 1'000));
     }},
};

void CheckStore(const YAML::Node& node, const StoreConfig& config) {
  const auto* postgres = std::get_if<PostgresStoreConfig>(&config);
  if (postgres == nullptr) return;
  if (postgres->conninfo_file.empty() == postgres->options.conninfo.empty()) {
    throw YamlError(node, "postgres needs conninfo_file or service, and not both");
  }
  // It becomes part of a connection string.
  for (const char c : postgres->options.conninfo) {
    if (c == ' ' || c == '\'' || c == '\\') {
      throw YamlError(node, "postgres.service must be a plain name");
    }
  }
}

template <class T>
std::vector<BackendKeyInfo> InfoOf(std::span<const YamlKey<T>> keys) {
  std::vector<BackendKeyInfo> infos;
  for (const YamlKey<T>& key : keys) infos.push_back({key.path, key.type, key.default_value});
  return infos;
}

}  // namespace

RootConfig ReadRoot(const YAML::Node& node) {
  RootDraft draft;
  ReadMapping<RootDraft>(node, kRootKeys, draft);
  if (!draft.config) throw YamlError(node, "must have a section: local, pkcs11, vault or aws");
  return *std::move(draft.config);
}

StoreConfig ReadStore(const YAML::Node& node) {
  StoreDraft draft;
  ReadMapping<StoreDraft>(node, kStoreKeys, draft);
  if (!draft.config) throw YamlError(node, "must have a section: sqlite or postgres");
  CheckStore(node, *draft.config);
  return *std::move(draft.config);
}

std::vector<BackendKeyInfo> RootKeys() { return InfoOf<RootDraft>(kRootKeys); }
std::vector<BackendKeyInfo> StoreKeys() { return InfoOf<StoreDraft>(kStoreKeys); }

}  // namespace fieldkms
