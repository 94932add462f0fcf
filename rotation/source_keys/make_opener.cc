#include "rotation/source_keys/make_opener.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "kms/settings/config_file.h"
#include "rotation/source/pgcrypto_pgp.h"
#include "rotation/source/pgcrypto_raw.h"
#include "rotation/source/pgsodium.h"
#include "rotation/source_keys/vault_opener.h"

namespace fieldkms::rotation {
namespace {

using Opener = absl::StatusOr<std::unique_ptr<const SourceOpener>>;

constexpr size_t kSodiumContextSize = 8;

absl::StatusOr<SecretBytes> DecodeSecret(const SecretBytes& secret, SecretForm form) {
  const ByteView text = secret.Expose();
  if (form == SecretForm::kHex) {
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes bytes, SecretBytes::Allocate(text.size() / 2));
    if (text.size() % 2 == 0 && DecodeHex(AsText(text), bytes.ExposeMutable())) return bytes;
    return ConfigError("secret_form: the secret is not of hexadecimal digits in lower case");
  }
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes buffer, SecretBytes::Allocate(MaxBase64Bytes(text.size())));
  const auto size = DecodeBase64(Base64::kPadded, text, buffer.ExposeMutable());
  if (!size) return ConfigError("secret_form: the secret is not Base64 in one line");
  return SecretBytes::CopyOf(buffer.Expose().first(*size));
}

absl::StatusOr<SecretBytes> SecretOf(const KeyEntry& entry) {
  if (entry.secret.file.empty() == entry.secret.credential.empty()) {
    return ConfigError("secret_file or secret_credential is needed, and not both");
  }
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, ReadSecret(entry.secret, "source key"));
  if (entry.secret_form == SecretForm::kRaw) return secret;
  return DecodeSecret(secret, entry.secret_form);
}

// Keys that are for another kind.
absl::Status Refuse(bool given, std::string_view key) {
  if (!given) return absl::OkStatus();
  return ConfigError(std::string(key) + ": is not for this kind");
}

absl::Status RefuseRoles(const KeyEntry& entry, std::initializer_list<SourceRole> allowed) {
  size_t nonces = 0;
  for (const SourceRole role : entry.roles) {
    if (std::find(allowed.begin(), allowed.end(), role) == allowed.end()) {
      return ConfigError("columns: has one that this kind, or this construction, does not take");
    }
    if (role != SourceRole::kAssociatedData && ++nonces > 1) {
      return ConfigError("columns: has more than one nonce or context");
    }
  }
  return absl::OkStatus();
}

absl::Status RefuseVault(const KeyEntry& entry) {
  return Refuse(!entry.vault.address.empty() || !entry.vault.key.empty(), "vault");
}

// At most one of the places where a nonce may be.
absl::Status CheckNonce(const KeyEntry& entry) {
  const int places = (entry.nonce ? 1 : 0) + (entry.nonce_prefix ? 1 : 0) +
                     (HasRole(entry.roles, SourceRole::kNonce) ? 1 : 0);
  if (places <= 1) return absl::OkStatus();
  return ConfigError("nonce: only one of nonce, nonce_prefix and a column can be");
}

absl::StatusOr<std::string> NonceOf(const KeyEntry& entry) {
  if (!entry.nonce) return std::string();
  auto bytes = BytesOfText(*entry.nonce, SourceText::kHex);
  if (!bytes || bytes->empty()) return ConfigError("nonce: must be hexadecimal digits");
  return *std::move(bytes);
}

Opener MakePgp(const KeyEntry& entry) {
  FIELDKMS_RETURN_IF_ERROR(RefuseRoles(entry, {}));
  FIELDKMS_RETURN_IF_ERROR(Refuse(entry.algorithm.has_value(), "algorithm"));
  FIELDKMS_RETURN_IF_ERROR(Refuse(entry.nonce || entry.nonce_prefix, "nonce"));
  PgcryptoPgpOpener::Options options;
  FIELDKMS_ASSIGN_OR_RETURN(options.passphrase, SecretOf(entry));
  options.text = entry.text;
  options.convert_crlf = entry.convert_crlf;
  return std::make_unique<PgcryptoPgpOpener>(std::move(options));
}

Opener MakeRaw(const KeyEntry& entry) {
  FIELDKMS_RETURN_IF_ERROR(RefuseRoles(entry, {SourceRole::kNonce}));
  FIELDKMS_RETURN_IF_ERROR(CheckNonce(entry));
  const auto algorithm = ParseRawAlgorithm(entry.algorithm.value_or("aes-cbc/pad:pkcs"));
  if (!algorithm) {
    return ConfigError(
        "algorithm: must be aes, bf, des, 3des or cast5, with -cbc or -ecb, and "
        "/pad:pkcs or /pad:none");
  }
  if (!algorithm->has_iv && (entry.nonce || !entry.roles.empty())) {
    return ConfigError("nonce: ecb takes none");
  }
  PgcryptoRawOpener::Options options;
  options.algorithm = *algorithm;
  FIELDKMS_ASSIGN_OR_RETURN(options.key, SecretOf(entry));
  FIELDKMS_ASSIGN_OR_RETURN(options.iv, NonceOf(entry));
  options.iv_prefix = entry.nonce_prefix;
  options.text = entry.text;
  options.holds_text = entry.holds_text;
  options.roles = entry.roles;
  auto fit = PgcryptoRawOpener::Fit(std::move(options));
  if (!fit) return ConfigError("algorithm: takes no key of this length");
  // With another vector every value opens, and begins with a block that is wrong.
  if (algorithm->has_iv && !entry.nonce && !entry.nonce_prefix &&
      !HasRole(entry.roles, SourceRole::kNonce)) {
    return ConfigError(
        "nonce: cbc has an initialization vector; say where it is (nonce_prefix, a column), or "
        "which (nonce; '00' for what encrypt() made)");
  }
  return std::make_unique<PgcryptoRawOpener>(*std::move(fit));
}

absl::StatusOr<SecretBytes> SodiumKeyOf(const KeyEntry& entry) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key, SecretOf(entry));
  if (key.size() != kSodiumKeySize) return ConfigError("secret_file: must hold 32 bytes");
  if (!entry.key_id) return key;
  const std::string& text = *entry.key_id;
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return ConfigError("key_id: must be a whole number");
  }
  const std::string context = entry.key_context.value_or("pgsodium");
  if (context.size() != kSodiumContextSize) return ConfigError("key_context: must be of 8 bytes");
  return DeriveSodiumKey(key.Expose(), id, context);
}

absl::Status CheckSodiumNonce(const KeyEntry& entry, const PgsodiumOpener::Options& options) {
  FIELDKMS_RETURN_IF_ERROR(CheckNonce(entry));
  const size_t size = PgsodiumOpener::NonceSize(options.construction);
  if (entry.nonce && options.nonce.size() != size) {
    return ConfigError("nonce: must be of " + std::to_string(size) + " bytes");
  }
  const bool has_none =
      !entry.nonce && !entry.nonce_prefix && !HasRole(entry.roles, SourceRole::kNonce);
  if (has_none && options.construction != SodiumConstruction::kAeadDet) {
    return ConfigError("nonce_prefix: or a column for nonces, or a nonce, is needed");
  }
  return absl::OkStatus();
}

Opener MakeSodium(const KeyEntry& entry) {
  PgsodiumOpener::Options options;
  if (!entry.construction) return ConfigError("construction: is needed");
  const bool box = entry.construction == "secretbox";
  options.construction = box                                ? SodiumConstruction::kSecretbox
                         : entry.construction == "aead_det" ? SodiumConstruction::kAeadDet
                                                            : SodiumConstruction::kAeadIetf;
  FIELDKMS_RETURN_IF_ERROR(
      box ? RefuseRoles(entry, {SourceRole::kNonce})
          : RefuseRoles(entry, {SourceRole::kNonce, SourceRole::kAssociatedData}));
  FIELDKMS_RETURN_IF_ERROR(Refuse(entry.algorithm.has_value(), "algorithm"));
  FIELDKMS_ASSIGN_OR_RETURN(options.key, SodiumKeyOf(entry));
  FIELDKMS_ASSIGN_OR_RETURN(options.nonce, NonceOf(entry));
  FIELDKMS_RETURN_IF_ERROR(CheckSodiumNonce(entry, options));
  options.nonce_prefix = entry.nonce_prefix;
  options.text = entry.text;
  options.holds_text = entry.holds_text;
  options.roles = entry.roles;
  return std::make_unique<PgsodiumOpener>(std::move(options));
}

Opener MakeVault(const KeyEntry& entry) {
  FIELDKMS_RETURN_IF_ERROR(RefuseRoles(entry, {SourceRole::kAssociatedData, SourceRole::kContext}));
  FIELDKMS_RETURN_IF_ERROR(
      Refuse(!entry.secret.file.empty() || !entry.secret.credential.empty(), "secret_file"));
  FIELDKMS_RETURN_IF_ERROR(Refuse(entry.nonce || entry.nonce_prefix, "nonce"));
  return MakeVaultOpener({entry.vault, entry.holds_text, entry.roles});
}

}  // namespace

Opener MakeOpener(const KeyEntry& entry) {
  if (!entry.kind) return ConfigError("kind: is needed");
  const bool sodium = entry.kind == SourceKind::kPgsodium;
  FIELDKMS_RETURN_IF_ERROR(Refuse(!sodium && entry.construction, "construction"));
  FIELDKMS_RETURN_IF_ERROR(Refuse(!sodium && (entry.key_id || entry.key_context), "key_id"));
  FIELDKMS_RETURN_IF_ERROR(
      Refuse(entry.convert_crlf && entry.kind != SourceKind::kPgcryptoPgp, "convert_crlf"));
  if (entry.kind != SourceKind::kVaultTransit) FIELDKMS_RETURN_IF_ERROR(RefuseVault(entry));
  switch (*entry.kind) {
    case SourceKind::kPgcryptoPgp:
      return MakePgp(entry);
    case SourceKind::kPgcryptoRaw:
      return MakeRaw(entry);
    case SourceKind::kPgsodium:
      return MakeSodium(entry);
    case SourceKind::kVaultTransit:
      return MakeVault(entry);
  }
  return ConfigError("kind: is not known");
}

}  // namespace fieldkms::rotation
