#include "crypto/merkle/note_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>

#include "crypto/base64.h"
#include "crypto/hex.h"
#include "crypto/merkle/note.h"
#include "crypto/openssl.h"
#include "crypto/sha256.h"
#include "crypto/status.h"
#include "crypto/utf8.h"

namespace fieldkms {
namespace {

constexpr uint8_t kEd25519Type = 1;  // of a signature, by C2SP
constexpr size_t kKeyIdDigits = 8;

struct PkeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyDeleter>;

// Those of Unicode 15, White_Space, above the control characters.
bool IsSpace(char32_t point) {
  constexpr char32_t kSpaces[] = {0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000};
  return (point >= 0x2000 && point <= 0x200a) ||
         std::find(std::begin(kSpaces), std::end(kSpaces), point) != std::end(kSpaces);
}

absl::StatusOr<uint32_t> KeyIdOf(std::string_view name, ByteView public_key) {
  Sha256Stream stream;
  const uint8_t middle[] = {'\n', kEd25519Type};
  FIELDKMS_RETURN_IF_ERROR(stream.Update(AsBytes(name)));
  FIELDKMS_RETURN_IF_ERROR(stream.Update(middle));
  FIELDKMS_RETURN_IF_ERROR(stream.Update(public_key));
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, stream.Finish());
  return GetU32(digest.data());
}

std::string Base64Of(ByteView bytes) {
  std::string text(Base64Size(Base64::kPadded, bytes.size()), '\0');
  EncodeBase64(Base64::kPadded, bytes, AsMutableBytes(text));
  return text;
}

}  // namespace

absl::Status CheckNoteKeyName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNoteKeyName) {
    return InvalidField("key_name", "it must have 1 to 256 bytes");
  }
  for (char32_t point = 0; !name.empty();) {
    if (!TakeCodePoint(&name, &point) || point < 0x20 || point == '+' || IsSpace(point)) {
      return InvalidField("key_name", "it must be UTF-8 without spaces, controls and plus signs");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<NoteVerifier> NoteVerifier::Make(std::string_view name, ByteView public_key) {
  FIELDKMS_RETURN_IF_ERROR(CheckNoteKeyName(name));
  NoteVerifier verifier;
  if (public_key.size() != verifier.public_key_.size()) {
    return InvalidField("public_key", "it must have 32 bytes");
  }
  std::copy(public_key.begin(), public_key.end(), verifier.public_key_.begin());
  verifier.name_ = name;
  FIELDKMS_ASSIGN_OR_RETURN(verifier.key_id_, KeyIdOf(name, public_key));
  return verifier;
}

// The last two parts have a fixed length, and base64 may have a "+" in it.
absl::StatusOr<NoteVerifier> NoteVerifier::Parse(std::string_view text) {
  const absl::Status invalid =
      InvalidField("verifier_key", "it must be NAME+KEYID+BASE64, an Ed25519 key of C2SP notes");
  const size_t name_end = text.find('+');
  if (name_end == std::string_view::npos || text.size() < name_end + kKeyIdDigits + 2) {
    return invalid;
  }
  std::array<uint8_t, 1 + kEd25519Size> key{};
  const std::string_view encoded = text.substr(name_end + kKeyIdDigits + 2);
  if (encoded.size() != Base64Size(Base64::kPadded, key.size()) ||
      DecodeBase64(Base64::kPadded, AsBytes(encoded), key) != key.size() ||
      key[0] != kEd25519Type) {
    return invalid;
  }
  const auto verifier = Make(text.substr(0, name_end), ByteView(key).subspan(1));
  if (!verifier.ok() || verifier->ToString() != text) return invalid;
  return verifier;
}

std::string NoteVerifier::ToString() const {
  std::array<uint8_t, 4> id{};
  PutU32(id.data(), key_id_);
  std::array<uint8_t, 1 + kEd25519Size> key{kEd25519Type};
  std::copy(public_key_.begin(), public_key_.end(), key.begin() + 1);
  return name_ + "+" + EncodeHex(id) + "+" + Base64Of(key);
}

bool NoteVerifier::Verify(std::string_view text, ByteView signature) const {
  const Pkey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key_.data(),
                                             public_key_.size()));
  const EvpMdCtx ctx(EVP_MD_CTX_new());
  const bool ok = signature.size() == kEd25519SignatureSize && key != nullptr && ctx != nullptr &&
                  EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                  EVP_DigestVerify(ctx.get(), signature.data(), signature.size(),
                                   AsBytes(text).data(), text.size()) == 1;
  ERR_clear_error();
  return ok;
}

void NoteSigner::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

absl::StatusOr<NoteSigner> NoteSigner::Make(std::string_view name, const SecretBytes& seed) {
  if (seed.size() != kEd25519Size) return InvalidField("private_key", "it must have 32 bytes");
  std::unique_ptr<evp_pkey_st, Free> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.Expose().data(), seed.size()));
  std::array<uint8_t, kEd25519Size> public_key{};
  size_t size = public_key.size();
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) != 1) {
    return CryptoFailure("an Ed25519 key");
  }
  FIELDKMS_ASSIGN_OR_RETURN(NoteVerifier verifier, NoteVerifier::Make(name, public_key));
  return NoteSigner(std::move(key), std::move(verifier));
}

absl::StatusOr<std::string> NoteSigner::Sign(std::string_view text) const {
  FIELDKMS_RETURN_IF_ERROR(CheckNoteText(text));
  std::array<uint8_t, 4 + kEd25519SignatureSize> signature{};
  PutU32(signature.data(), verifier_.key_id());
  size_t size = kEd25519SignatureSize;
  const EvpMdCtx ctx(EVP_MD_CTX_new());
  if (ctx == nullptr || EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(ctx.get(), signature.data() + 4, &size, AsBytes(text).data(), text.size()) !=
          1 ||
      size != kEd25519SignatureSize) {
    return CryptoFailure("an Ed25519 signature");
  }
  return std::string(text) + "\n" + FormatNoteSignature(verifier_.name(), signature);
}

}  // namespace fieldkms
