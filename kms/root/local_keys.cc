#include "kms/root/local_keys.h"

#include <utility>

#include "crypto/status.h"
#include "kms/root/key_seal.h"

namespace fieldkms {

absl::StatusOr<Passphrase> ReadPassphrase(const std::optional<SecretSource>& source) {
  if (!source) return Passphrase();
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes passphrase, ReadSecret(*source, "passphrase"));
  return Passphrase(std::move(passphrase));
}

absl::StatusOr<SecretBytes> EncodeLocalKeys(std::span<const LocalRootKey> keys,
                                            const Passphrase& passphrase) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes text, FormatKeyText(keys));
  if (!passphrase) return text;
  return SealKeyText(text.Expose(), *passphrase);
}

absl::StatusOr<std::vector<LocalRootKey>> DecodeLocalKeys(const SecretBytes& content,
                                                          const Passphrase& passphrase,
                                                          const std::string& path) {
  const auto other = [&](const char* rule) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
                 "root key file " + path + " " + rule);
  };
  if (IsSealedKeyText(content.Expose())) {
    if (!passphrase) return other("needs a passphrase");
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes text,
                              OpenKeyText(content.Expose(), *passphrase, path));
    return ParseKeyText(text.Expose(), path);
  }
  FIELDKMS_ASSIGN_OR_RETURN(auto keys, ParseKeyText(content.Expose(), path));
  // Who configured one believes that the file is encrypted.
  if (passphrase) return other("is not protected by a passphrase, though one is given");
  return keys;
}

}  // namespace fieldkms
