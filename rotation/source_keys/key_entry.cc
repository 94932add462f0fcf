#include "rotation/source_keys/key_entry.h"

#include <string_view>

#include "kms/settings/system_values.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kKinds[] = {"pgcrypto_pgp", "pgcrypto_raw", "pgsodium", "vault_transit"};
constexpr std::string_view kForms[] = {"raw", "hex", "base64"};
constexpr std::string_view kTexts[] = {"base64", "hex"};
constexpr std::string_view kHolds[] = {"bytes", "text"};
constexpr std::string_view kRoles[] = {"nonce", "associated_data", "context"};
constexpr std::string_view kConstructions[] = {"secretbox", "aead_ietf", "aead_det"};

void ReadRoles(const YAML::Node& node, KeyEntry& entry) {
  if (!node.IsSequence()) throw YamlError(node, "must be a list");
  for (const YAML::Node& role : node) {
    entry.roles.push_back(static_cast<SourceRole>(ReadChoice(role, kRoles)));
  }
}

constexpr YamlKey<KeyEntry> kKeys[] = {
    {"kind", "kind", "required",
     [](const YAML::Node& node, KeyEntry& entry) {
       entry.kind = ParseSourceKind(kKinds[ReadChoice(node, kKinds)]);
     }},
    {"secret_file", "absolute path", "none",
     [](const YAML::Node& node, KeyEntry& entry) { entry.secret.file = ReadAbsolutePath(node); }},
    {"secret_credential", "name", "none",
     [](const YAML::Node& node, KeyEntry& entry) { entry.secret.credential = ReadText(node); }},
    {"secret_form", "raw, hex or base64", "raw",
     [](const YAML::Node& node, KeyEntry& entry) {
       entry.secret_form = static_cast<SecretForm>(ReadChoice(node, kForms));
     }},
    {"text_form", "base64 or hex", "base64",
     [](const YAML::Node& node, KeyEntry& entry) {
       entry.text = static_cast<SourceText>(ReadChoice(node, kTexts));
     }},
    {"holds", "bytes or text", "bytes",
     [](const YAML::Node& node, KeyEntry& entry) {
       entry.holds_text = ReadChoice(node, kHolds) == 1;
     }},
    {"columns", "list", "none", ReadRoles},
    {"convert_crlf", "true or false", "false",
     [](const YAML::Node& node, KeyEntry& entry) { entry.convert_crlf = ReadBool(node); }},
    {"algorithm", "text", "aes-cbc/pad:pkcs",
     [](const YAML::Node& node, KeyEntry& entry) { entry.algorithm = ReadText(node); }},
    {"construction", "secretbox, aead_ietf or aead_det", "required",
     [](const YAML::Node& node, KeyEntry& entry) {
       entry.construction = kConstructions[ReadChoice(node, kConstructions)];
     }},
    {"key_id", "number", "none",
     [](const YAML::Node& node, KeyEntry& entry) { entry.key_id = ReadText(node); }},
    {"key_context", "8 bytes", "pgsodium",
     [](const YAML::Node& node, KeyEntry& entry) { entry.key_context = ReadText(node); }},
    {"nonce_prefix", "true or false", "false",
     [](const YAML::Node& node, KeyEntry& entry) { entry.nonce_prefix = ReadBool(node); }},
    {"nonce", "hexadecimal digits", "none",
     [](const YAML::Node& node, KeyEntry& entry) { entry.nonce = ReadText(node); }},
    {"vault.address", "URL", "required",
     [](const YAML::Node& node, KeyEntry& entry) { entry.vault.address = ReadText(node); }},
    {"vault.namespace", "path", "none",
     [](const YAML::Node& node, KeyEntry& entry) { entry.vault.name_space = ReadText(node); }},
    {"vault.mount", "path", "transit",
     [](const YAML::Node& node, KeyEntry& entry) { entry.vault.mount = ReadText(node); }},
    {"vault.key", "name", "required",
     [](const YAML::Node& node, KeyEntry& entry) { entry.vault.key = ReadText(node); }},
    {"vault.ca_file", "absolute path", "the system's",
     [](const YAML::Node& node, KeyEntry& entry) {
       entry.vault.http.ca_file = ReadAbsolutePath(node);
     }},
    {"vault.token_file", "absolute path", "required",
     [](const YAML::Node& node, KeyEntry& entry) {
       entry.vault.auth = VaultTokenFile{ReadAbsolutePath(node)};
     }},
};

}  // namespace

std::span<const YamlKey<KeyEntry>> KeyEntryKeys() { return kKeys; }

}  // namespace fieldkms::rotation
