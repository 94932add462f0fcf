// SourceOpener opens values that another tool has encrypted, so that they can become ciphertexts of
// ours (docs/rotation.md): a column of such values is to a job what a column of plaintext is to
// others.
#ifndef FIELDKMS_ROTATION_SOURCE_SOURCE_OPENER_H_
#define FIELDKMS_ROTATION_SOURCE_SOURCE_OPENER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms::rotation {

enum class SourceKind : uint8_t {
  kPgcryptoPgp,   // pgp_sym_encrypt and pgp_sym_encrypt_bytea
  kPgcryptoRaw,   // encrypt and encrypt_iv: nothing proves that a value is what was encrypted
  kPgsodium,      // crypto_secretbox, crypto_aead_ietf, crypto_aead_det
  kVaultTransit,  // "vault:v1:…" of Vault's or OpenBao's transit engine
};
// "pgcrypto_pgp": as the registry, SQL and files of source keys have it.
std::string_view SourceKindName(SourceKind kind);
std::optional<SourceKind> ParseSourceKind(std::string_view name);

// Why values are not opened, in words for people: kms.rotation_quarantine has them.
inline constexpr std::string_view kSourceMalformed = "is no value that its source makes";
inline constexpr std::string_view kSourceNotOpened = "does not open under its source key";
inline constexpr std::string_view kSourceCipher =
    "is encrypted in a way that is not known here, or that OpenSSL here does not do";
inline constexpr std::string_view kSourceTooLong = "opens to more than 16 MiB";
inline constexpr std::string_view kSourceNoText = "opens to what is no text in UTF-8";
inline constexpr std::string_view kSourceBeside =
    "has no usable value in a column that its source needs beside it";

// What a value may open to, compressed ones among them.
inline constexpr size_t kMostSourcePlaintext = size_t{16} << 20;

struct SourceCell {
  std::string_view value;
  bool is_text = false;  // its column is one of text; otherwise of bytes
  // Of the columns that its source needs beside it (associated data, a nonce), texts as PostgreSQL
  // writes them.
  std::vector<std::optional<std::string_view>> beside = {};
};

struct SourceValue {
  WipedBuffer value = {};
  std::string_view bad = {};  // a literal; "": it is opened
};

// What a column beside a value is to its source.
enum class SourceRole : uint8_t {
  kNonce,           // nonce, or initialization vector; bytea
  kAssociatedData,  // several are one after the other, as texts
  kContext,         // of a derived key, in Vault
};
// The texts of the columns of a role, one after the other; none: one of them is NULL, or there is
// no such column.
std::optional<std::string> BesideText(std::span<const SourceRole> roles, const SourceCell& cell,
                                      SourceRole role);
// The same of a column of bytes, which PostgreSQL writes as "\x…".
std::optional<std::string> BesideBytes(std::span<const SourceRole> roles, const SourceCell& cell,
                                       SourceRole role);
bool HasRole(std::span<const SourceRole> roles, SourceRole role);

// Thread-safe.
class SourceOpener {
 public:
  virtual ~SourceOpener() = default;

  virtual SourceKind kind() const = 0;
  // How many columns beside a value it needs: SourceCell::beside has as many.
  virtual size_t columns_beside() const { return 0; }

  // Open returns as many values as `cells`, in their order. What is wrong with one of them is its
  // own fault. Errors: of what it takes to open any, such as another service that is not in reach.
  virtual absl::StatusOr<std::vector<SourceValue>> Open(
      std::span<const SourceCell> cells) const = 0;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_SOURCE_OPENER_H_
