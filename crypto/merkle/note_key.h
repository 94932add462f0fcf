// Keys of signed notes (C2SP signed-note): Ed25519 under a name.
#ifndef FIELDKMS_CRYPTO_MERKLE_NOTE_KEY_H_
#define FIELDKMS_CRYPTO_MERKLE_NOTE_KEY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

// OpenSSL's EVP_PKEY, without its headers.
struct evp_pkey_st;

namespace fieldkms {

inline constexpr size_t kEd25519Size = 32;  // of a private key, and of a public one
inline constexpr size_t kEd25519SignatureSize = 64;
inline constexpr size_t kMaxNoteKeyName = 256;

// CheckNoteKeyName: 1 to 256 bytes of UTF-8 without control characters, spaces of Unicode and "+".
// Error: InvalidField("key_name").
absl::Status CheckNoteKeyName(std::string_view name);

// NoteVerifier is a public key. Copies share nothing that changes: thread-safe.
class NoteVerifier {
 public:
  // Parse reads a verifier key, "NAME+KEYID+BASE64". Error: InvalidField("verifier_key") for what
  // ToString does not write.
  static absl::StatusOr<NoteVerifier> Parse(std::string_view text);
  // Of a public key and its name. Errors: InvalidField.
  static absl::StatusOr<NoteVerifier> Make(std::string_view name, ByteView public_key);

  std::string ToString() const;
  const std::string& name() const { return name_; }
  uint32_t key_id() const { return key_id_; }
  // Whether it is a signature of this key over `text`.
  bool Verify(std::string_view text, ByteView signature) const;

 private:
  NoteVerifier() = default;
  std::string name_;
  uint32_t key_id_ = 0;
  std::array<uint8_t, kEd25519Size> public_key_{};
};

// NoteSigner is a private key. Thread-safe.
class NoteSigner {
 public:
  // Of a private key as RFC 8032 has it: 32 random bytes. Errors: InvalidField; kCryptoFailure.
  static absl::StatusOr<NoteSigner> Make(std::string_view name, const SecretBytes& seed);

  const NoteVerifier& verifier() const { return verifier_; }
  // Sign returns the note: `text`, a blank line and the signature's line. Errors: as CheckNoteText
  // (note.h); kCryptoFailure.
  absl::StatusOr<std::string> Sign(std::string_view text) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  NoteSigner(std::unique_ptr<evp_pkey_st, Free> key, NoteVerifier verifier)
      : key_(std::move(key)), verifier_(std::move(verifier)) {}
  std::unique_ptr<evp_pkey_st, Free> key_;
  NoteVerifier verifier_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MERKLE_NOTE_KEY_H_
