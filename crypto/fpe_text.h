// FF1 on text: the characters of an alphabet are encrypted, all others (separators) and the
// first and last few of the alphabet stay as they are. The construction is in crypto/FORMAT.md.
//
// Characters are code points, compared as they are: text and alphabet are to be of one
// normalisation form.
#ifndef FIELDKMS_CRYPTO_FPE_TEXT_H_
#define FIELDKMS_CRYPTO_FPE_TEXT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/ff1.h"

namespace fieldkms {

inline constexpr uint32_t kFpeMostKept = 64;  // at each end
inline constexpr size_t kFpeMostDomain = 3072;

struct FpeTemplate {
  // 2 to 65,536 different code points in UTF-8, none of them white space, a control character or
  // an invisible mark (U+200B and its like, UAX #9's controls); its order is the numerals'.
  std::string alphabet = "0123456789";
  uint32_t keep_first = 0;  // characters of the alphabet that stay, 0 to 64
  uint32_t keep_last = 0;
  friend bool operator==(const FpeTemplate&, const FpeTemplate&) = default;
};

// FpeAlphabet: a template, checked and ready. Immutable, safe for concurrent use.
class FpeAlphabet {
 public:
  // Error: InvalidField(field, rule).
  static absl::StatusOr<FpeAlphabet> Create(const FpeTemplate& spec, std::string_view field);

  // EncryptText writes the text that `text` becomes to `out`: of the same length in characters,
  // separators and kept characters in their places. The tweak is
  // U8(1) ‖ U32(|domain|) ‖ domain ‖ kept characters, so that what stays takes part (SP 800-38G,
  // appendix C: "as much as is available"). `domain`: the caller's, such as tenant and field.
  // `text` does not lie in `out`.
  // Errors, kInvalidArgument, kInvalidField, field "value": invalid UTF-8; too few characters to
  // encrypt (domain below 10^6) or more than kFf1MostNumerals; field "domain": more than 3,072
  // bytes. A failure leaves `out` wiped and empty.
  absl::Status EncryptText(const Ff1Key& key, ByteView domain, std::string_view text,
                           std::string* out) const;
  // DecryptText is its inverse, without a lower bound of the domain (but 2 characters).
  absl::Status DecryptText(const Ff1Key& key, ByteView domain, std::string_view text,
                           std::string* out) const;

  uint32_t radix() const { return static_cast<uint32_t>(points_.size()); }

 private:
  static constexpr uint32_t kNoNumeral = ~uint32_t{0};

  struct Placed {
    char32_t point;
    uint16_t numeral;
  };
  class Numerals;

  FpeAlphabet() = default;

  uint32_t kept() const { return keep_first_ + keep_last_; }
  absl::Status Place(std::string_view field);
  uint32_t NumeralOf(char32_t point) const;
  absl::Status Run(bool encrypt, const Ff1Key& key, ByteView domain, std::string_view text,
                   std::string* out) const;
  absl::Status Read(std::string_view text, uint32_t least, Numerals* numerals) const;
  void Write(std::string_view text, const Numerals& numerals, std::string* out) const;

  uint32_t keep_first_ = 0;
  uint32_t keep_last_ = 0;
  uint32_t least_ = 0;               // of characters to encrypt
  size_t growth_ = 0;                // bytes by which a character may become longer
  std::vector<char32_t> points_;     // by numeral
  std::array<uint32_t, 128> ascii_;  // numerals of ASCII's characters
  std::vector<Placed> others_;       // of the rest, in the order of their points
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FPE_TEXT_H_
