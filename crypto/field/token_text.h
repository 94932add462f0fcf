// What tokens look like. A token is drawn at random and has nothing of its value, but its length
// and last characters where a template keeps them; and nobody takes it for a card number
// (PCI SSC, Tokenization Product Security Guidelines, 2015: tokens are to be told from PANs).
//
//   text     "tok_" ‖ 22 ASCII letters and digits: 130 bits
//   numeric  "9" ‖ 17 digits (a BIGINT holds 18), which together fail the Luhn check. No
//            issuer is to begin with 9 but national ones (ISO/IEC 7812-1), which pass the check.
#ifndef FIELDKMS_CRYPTO_FIELD_TOKEN_TEXT_H_
#define FIELDKMS_CRYPTO_FIELD_TOKEN_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// Numbers are part of the API.
enum class TokenForm : uint8_t { kText = 1, kNumeric = 2 };

// The longest token of a value's length.
inline constexpr size_t kMaxTokenText = 1'024;

struct TokenTemplate {
  TokenForm form = TokenForm::kText;
  bool same_length = false;  // as many characters as the canonical value
  uint32_t keep_last = 0;    // 0 to 4: its last characters stand at the token's end
  friend bool operator==(const TokenTemplate&, const TokenTemplate&) = default;
};

// CheckTokenTemplate: InvalidField, below `field`.
absl::Status CheckTokenTemplate(const TokenTemplate& text, std::string_view field);

// DrawToken replaces `token` by a fresh one for a value. Errors: kFailedPrecondition,
// kFieldPolicy, for a value of more than kMaxTokenText bytes whose length is kept, or that is too
// short: of whose token fewer than 6 digits (numeric) or 11 letters and digits (65 bits; text)
// would be random, or that would be kept whole; or that ends in what is no digit (numeric) or no
// ASCII letter or digit (text), where that is to be kept. Those of RandomBytes.
absl::Status DrawToken(const TokenTemplate& text, std::string_view canonical, std::string* token);

// LooksLikeToken: whether `text` may be one that DrawToken made. It can be true of other
// text, but of no card number.
bool LooksLikeToken(const TokenTemplate& text, std::string_view token);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_TOKEN_TEXT_H_
