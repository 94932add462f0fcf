#include "rotation/source/pgsodium.h"

#include <sodium/core.h>
#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_kdf.h>
#include <sodium/crypto_secretbox.h>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "rotation/source/plain_text.h"
#include "rotation/source/sodium_det.h"

namespace fieldkms::rotation {
namespace {

// The parts of one value.
struct Sealed {
  ByteView bytes;
  ByteView nonce;
  ByteView data;
};

bool OpenSecretbox(const Sealed& sealed, ByteView key, WipedBuffer* opened) {
  if (sealed.bytes.size() < crypto_secretbox_MACBYTES) return false;
  opened->resize(sealed.bytes.size() - crypto_secretbox_MACBYTES);
  return crypto_secretbox_open_easy(opened->data(), sealed.bytes.data(), sealed.bytes.size(),
                                    sealed.nonce.data(), key.data()) == 0;
}

bool OpenAeadIetf(const Sealed& sealed, ByteView key, WipedBuffer* opened) {
  if (sealed.bytes.size() < crypto_aead_chacha20poly1305_ietf_ABYTES) return false;
  opened->resize(sealed.bytes.size() - crypto_aead_chacha20poly1305_ietf_ABYTES);
  return crypto_aead_chacha20poly1305_ietf_decrypt(
             opened->data(), nullptr, nullptr, sealed.bytes.data(), sealed.bytes.size(),
             sealed.data.data(), sealed.data.size(), sealed.nonce.data(), key.data()) == 0;
}

bool OpenSealed(SodiumConstruction construction, const Sealed& sealed, ByteView key,
                WipedBuffer* opened) {
  switch (construction) {
    case SodiumConstruction::kSecretbox:
      return OpenSecretbox(sealed, key, opened);
    case SodiumConstruction::kAeadIetf:
      return OpenAeadIetf(sealed, key, opened);
    case SodiumConstruction::kAeadDet:
      return OpenSodiumDet(sealed.bytes, sealed.data, sealed.nonce, key, opened);
  }
  return false;
}

}  // namespace

size_t PgsodiumOpener::NonceSize(SodiumConstruction construction) {
  switch (construction) {
    case SodiumConstruction::kSecretbox:
      return crypto_secretbox_NONCEBYTES;
    case SodiumConstruction::kAeadIetf:
      return crypto_aead_chacha20poly1305_ietf_NPUBBYTES;
    case SodiumConstruction::kAeadDet:
      return kSodiumDetNonceSize;
  }
  return 0;
}

absl::StatusOr<SecretBytes> DeriveSodiumKey(ByteView root, uint64_t key_id,
                                            std::string_view context) {
  if (sodium_init() < 0 || root.size() != crypto_kdf_KEYBYTES ||
      context.size() != crypto_kdf_CONTEXTBYTES) {
    return Bug("a key of pgsodium cannot be derived");
  }
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key, SecretBytes::Allocate(kSodiumKeySize));
  crypto_kdf_derive_from_key(key.ExposeMutable().data(), key.size(), key_id, context.data(),
                             root.data());
  return key;
}

SourceValue PgsodiumOpener::OpenOne(const SourceCell& cell) const {
  const auto bad = [](std::string_view why) { return SourceValue{.value = {}, .bad = why}; };
  const auto bytes = cell.is_text ? BytesOfText(cell.value, options_.text)
                                  : std::optional(std::string(cell.value));
  if (!bytes) return bad(kSourceMalformed);
  if (bytes->size() > kMostSourcePlaintext) return bad(kSourceTooLong);
  const size_t nonce_size = NonceSize(options_.construction);
  std::string beside = options_.nonce;
  if (HasRole(options_.roles, SourceRole::kNonce)) {
    const auto found = BesideBytes(options_.roles, cell, SourceRole::kNonce);
    const bool needed = options_.construction != SodiumConstruction::kAeadDet;
    if (needed && !found) return bad(kSourceBeside);
    beside = found.value_or("");
  }
  if (!beside.empty() && beside.size() != nonce_size) return bad(kSourceBeside);
  Sealed sealed{AsBytes(*bytes), AsBytes(beside), {}};
  if (options_.nonce_prefix) {
    if (bytes->size() < nonce_size) return bad(kSourceMalformed);
    sealed.nonce = sealed.bytes.first(nonce_size);
    sealed.bytes = sealed.bytes.subspan(nonce_size);
  }
  // Where one of its columns is NULL, so is all of it, and pgsodium takes none then.
  const std::string data =
      BesideText(options_.roles, cell, SourceRole::kAssociatedData).value_or("");
  sealed.data = AsBytes(data);
  SourceValue value;
  if (!OpenSealed(options_.construction, sealed, options_.key.Expose(), &value.value)) {
    return bad(kSourceNotOpened);
  }
  if (options_.holds_text && !IsPlainText(value.value)) return bad(kSourceNoText);
  return value;
}

absl::StatusOr<std::vector<SourceValue>> PgsodiumOpener::Open(
    std::span<const SourceCell> cells) const {
  if (sodium_init() < 0) return Bug("libsodium cannot be used");
  std::vector<SourceValue> values;
  values.reserve(cells.size());
  for (const SourceCell& cell : cells) values.push_back(OpenOne(cell));
  return values;
}

}  // namespace fieldkms::rotation
