#include "crypto/field/number_text.h"

#include <algorithm>

#include "crypto/field/wiped_text.h"

namespace fieldkms {

std::string_view AppendNumber(std::string_view value, const NumberAlphabet& alphabet,
                              std::string* canonical) {
  const size_t begin = canonical->size();
  MakeRoom(value.size(), canonical);
  canonical->resize(begin + value.size());
  char* const number = canonical->data() + begin;
  size_t length = 0;
  bool within = false;  // whether the character before is one of the number
  for (const char c : value) {
    const char read = alphabet.Read(c);
    const bool separates = read == NumberAlphabet::kSeparator;
    if (read == NumberAlphabet::kIllegal || (separates && !within)) return {};
    if (!separates) number[length++] = read;
    within = !separates;
  }
  canonical->resize(begin + length);  // what it loses was never written to
  if (!within) return {};
  return {number, length};
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsAsciiDigit);
}

}  // namespace fieldkms
