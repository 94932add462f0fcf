#include "crypto/field/characters.h"

namespace fieldkms {
namespace {

// Separators stand between two characters that count, one at a time.
template <class Counts>
bool AppendCounted(std::string_view value, std::string_view separators, Counts counts,
                   std::string* out) {
  bool may_separate = false;
  for (const char c : value) {
    if (counts(c)) {
      out->push_back(ToUpper(c));
      may_separate = true;
    } else if (may_separate && separators.find(c) != std::string_view::npos) {
      may_separate = false;
    } else {
      return false;
    }
  }
  return may_separate;
}

}  // namespace

bool AppendDigits(std::string_view value, std::string_view separators, std::string* digits) {
  return AppendCounted(value, separators, IsDigit, digits);
}

bool AppendAlphanumeric(std::string_view value, std::string_view separators, std::string* text) {
  return AppendCounted(
      value, separators, [](char c) { return IsDigit(c) || IsLetter(c); }, text);
}

}  // namespace fieldkms
