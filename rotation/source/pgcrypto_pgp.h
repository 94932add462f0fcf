// Values of pgp_sym_encrypt and pgp_sym_encrypt_bytea: bytes, or text with armour, Base64 or
// hexadecimal digits around them.
#ifndef FIELDKMS_ROTATION_SOURCE_PGCRYPTO_PGP_H_
#define FIELDKMS_ROTATION_SOURCE_PGCRYPTO_PGP_H_

#include <utility>
#include <vector>

#include "crypto/secret_bytes.h"
#include "rotation/source/source_opener.h"
#include "rotation/source/source_text.h"

namespace fieldkms::rotation {

class PgcryptoPgpOpener : public SourceOpener {
 public:
  struct Options {
    SecretBytes passphrase;
    SourceText text = SourceText::kBase64;
    bool convert_crlf = false;  // line ends of texts become "\n", as the option of pgcrypto has it
  };
  explicit PgcryptoPgpOpener(Options options) : options_(std::move(options)) {}

  SourceKind kind() const override { return SourceKind::kPgcryptoPgp; }
  // A value that says that it is text must be UTF-8.
  absl::StatusOr<std::vector<SourceValue>> Open(std::span<const SourceCell> cells) const override;

 private:
  SourceValue OpenOne(const SourceCell& cell) const;

  const Options options_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_PGCRYPTO_PGP_H_
