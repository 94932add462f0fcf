// Values of encrypt() and encrypt_iv() of pgcrypto: a block cipher and nothing that proves a value.
// What was damaged, or encrypted under another key, may open to something else; padding that is
// wrong is the only sign, and one of 256 wrong values has it right.
#ifndef FIELDKMS_ROTATION_SOURCE_PGCRYPTO_RAW_H_
#define FIELDKMS_ROTATION_SOURCE_PGCRYPTO_RAW_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/secret_bytes.h"
#include "rotation/source/source_opener.h"
#include "rotation/source/source_text.h"

namespace fieldkms::rotation {

// As pgcrypto names it: "aes", "aes-cbc/pad:pkcs", "bf-ecb/pad:none", "3des", "des", "cast5".
struct RawAlgorithm {
  std::string cipher;  // OpenSSL's name, but for the length of keys of AES: "AES-%-CBC"
  size_t least_key = 0;
  size_t most_key = 0;
  size_t block_size = 0;
  bool padded = true;
  bool has_iv = true;
};
// None: it is not known here.
std::optional<RawAlgorithm> ParseRawAlgorithm(std::string_view name);

class PgcryptoRawOpener : public SourceOpener {
 public:
  struct Options {
    RawAlgorithm algorithm;
    // Keys are filled up with zeros as pgcrypto does; longer ones than the cipher takes are refused
    // there and here.
    SecretBytes key;
    // Where the initialization vector is: the value's first block, or a column beside it (kNonce);
    // otherwise it is this one, filled up with zeros.
    bool iv_prefix = false;
    std::string iv = {};
    SourceText text = SourceText::kBase64;
    bool holds_text = false;  // what it opens to must be UTF-8
    std::vector<SourceRole> roles = {};
  };
  // None: the key does not fit the algorithm.
  static std::optional<Options> Fit(Options options);

  // `options` are of Fit.
  explicit PgcryptoRawOpener(Options options) : options_(std::move(options)) {}

  SourceKind kind() const override { return SourceKind::kPgcryptoRaw; }
  size_t columns_beside() const override { return options_.roles.size(); }
  absl::StatusOr<std::vector<SourceValue>> Open(std::span<const SourceCell> cells) const override;

 private:
  SourceValue OpenOne(const SourceCell& cell) const;

  const Options options_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_PGCRYPTO_RAW_H_
