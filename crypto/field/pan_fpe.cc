#include "crypto/field/pan_fpe.h"

#include <algorithm>
#include <iterator>

#include "crypto/field/check_digits.h"
#include "crypto/field/number_text.h"
#include "crypto/field/wiped_text.h"
#include "crypto/status.h"
#include "crypto/wiped_string.h"

namespace fieldkms {
namespace {

absl::Status NotOurs() { return DecryptError(Reason::kEnvelopeMalformed); }

// Where the `index`th of those characters stands that `counts` says; npos: there are fewer.
template <class Counts>
size_t PlaceOf(std::string_view text, size_t index, Counts counts) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (counts(text[i]) && index-- == 0) return i;
  }
  return std::string_view::npos;
}

size_t LastDigit(std::string_view text) {
  const auto last = std::find_if(text.rbegin(), text.rend(), IsAsciiDigit);
  return last == text.rend() ? std::string_view::npos : static_cast<size_t>(text.rend() - last) - 1;
}

// The check digit that completes the digits of a text.
char LuhnDigit(std::string_view text) {
  WipedString digits;
  digits->reserve(text.size());
  std::copy_if(text.begin(), text.end(), std::back_inserter(*digits), IsAsciiDigit);
  return static_cast<char>('0' + LuhnCheckDigit(*digits));
}

char After(char digit) { return digit == '9' ? '0' : static_cast<char>(digit + 1); }

}  // namespace

absl::Status EncryptPan(const Ff1Key& key, const FpeAlphabet& alphabet, const FpeTemplate& spec,
                        ByteView domain, std::string_view text, std::string* out) {
  if (spec.keep_last == 0) {
    const size_t check = LastDigit(text);
    if (check == std::string_view::npos) return InvalidField("value", "has no digits");
    FIELDKMS_RETURN_IF_ERROR(alphabet.EncryptText(key, domain, text.substr(0, check), out));
    MakeRoom(text.size() - check, out);
    out->push_back(After(LuhnDigit(*out)));
    out->append(text.substr(check + 1));
    return absl::OkStatus();
  }
  FIELDKMS_RETURN_IF_ERROR(alphabet.EncryptText(key, domain, text, out));
  char& first = (*out)[PlaceOf(*out, spec.keep_first, IsAsciiDigit)];
  first = static_cast<char>(first - '0' + 'A');
  return absl::OkStatus();
}

absl::Status DecryptPan(const Ff1Key& key, const FpeAlphabet& alphabet, const FpeTemplate& spec,
                        ByteView domain, std::string_view text, std::string* out) {
  if (spec.keep_last == 0) {
    const size_t check = LastDigit(text);
    if (check == std::string_view::npos) return NotOurs();
    const std::string_view others = text.substr(0, check);
    if (text[check] != After(LuhnDigit(others))) return NotOurs();
    FIELDKMS_RETURN_IF_ERROR(alphabet.DecryptText(key, domain, others, out));
    MakeRoom(text.size() - check, out);
    out->push_back(LuhnDigit(*out));
    out->append(text.substr(check + 1));
    return absl::OkStatus();
  }
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'J'; };
  const size_t place =
      PlaceOf(text, spec.keep_first, [&](char c) { return IsAsciiDigit(c) || is_letter(c); });
  if (place == std::string_view::npos || !is_letter(text[place])) return NotOurs();
  WipedString digits(text);
  (*digits)[place] = static_cast<char>(text[place] - 'A' + '0');
  return alphabet.DecryptText(key, domain, *digits, out);
}

}  // namespace fieldkms
