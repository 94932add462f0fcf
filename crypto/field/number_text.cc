#include "crypto/field/number_text.h"

#include <algorithm>

namespace fieldkms {

std::string_view AppendNumber(std::string_view value, const NumberAlphabet& alphabet,
                              std::string* canonical) {
  const size_t begin = canonical->size();
  canonical->reserve(begin + value.size());
  bool within = false;  // whether the character before is one of the number
  for (const char c : value) {
    const char read = alphabet.Read(c);
    if (read == NumberAlphabet::kIllegal) return {};
    const bool separates = read == NumberAlphabet::kSeparator;
    if (separates && !within) return {};
    if (!separates) canonical->push_back(read);
    within = !separates;
  }
  if (!within) return {};
  return std::string_view(*canonical).substr(begin);
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsAsciiDigit);
}

}  // namespace fieldkms
