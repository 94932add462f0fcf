// One entry of a file of source keys, as it was written.
#ifndef FIELDKMS_ROTATION_SOURCE_KEYS_KEY_ENTRY_H_
#define FIELDKMS_ROTATION_SOURCE_KEYS_KEY_ENTRY_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kms/root/secret_file.h"
#include "kms/root/vault_options.h"
#include "kms/settings/yaml_reader.h"
#include "rotation/source/source_opener.h"
#include "rotation/source/source_text.h"

namespace fieldkms::rotation {

// How a secret stands in its file.
enum class SecretForm : uint8_t { kRaw, kHex, kBase64 };

struct KeyEntry {
  std::optional<SourceKind> kind;
  SecretSource secret;  // a passphrase or a key
  SecretForm secret_form = SecretForm::kRaw;
  SourceText text = SourceText::kBase64;
  bool holds_text = false;
  std::vector<SourceRole> roles;
  bool convert_crlf = false;                // pgcrypto_pgp
  std::optional<std::string> algorithm;     // pgcrypto_raw
  std::optional<std::string> construction;  // pgsodium
  std::optional<std::string> key_id;        // pgsodium: of a key that is derived
  std::optional<std::string> key_context;   // pgsodium
  bool nonce_prefix = false;                // pgcrypto_raw, pgsodium
  std::optional<std::string> nonce;         // pgcrypto_raw, pgsodium: hexadecimal digits
  VaultOptions vault;                       // vault_transit
};

// The keys of an entry. What each kind takes is not looked at.
std::span<const YamlKey<KeyEntry>> KeyEntryKeys();

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_KEYS_KEY_ENTRY_H_
