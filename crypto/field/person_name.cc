// Names of people, as they write them: of one word or many, in any script.
#include <array>

#include "crypto/field/formats.h"
#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"
#include "crypto/wiped_string.h"

namespace fieldkms {
namespace {

enum Rule : size_t { kControl, kInvisible, kAssigned, kLetter, kLength };
constexpr std::array<FieldRule, 5> kRules = {{
    {"person_name.control", "a name is one line, without control characters",
     "Unicode 15.0, general category Cc"},
    {"person_name.invisible",
     "each character can be seen, and none turns the text (joiners and variation selectors may "
     "stand in a name)",
     "UAX #9, UAX #31 (Default_Ignorable_Code_Point)"},
    {"person_name.assigned", "each character is one that Unicode 15.0 has",
     "UAX #15: only of assigned characters the normal form is stable"},
    {"person_name.letter", "a name has at least one letter", "FieldKMS"},
    {"person_name.length", "a name has at most 200 characters (grapheme clusters), case-folded",
     "FieldKMS"},
}};

constexpr size_t kMostGraphemes = 200;

bool HasLetter(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (IsLetter(NextCodePoint(text, &at))) return true;
  }
  return false;
}

// Of text without control characters: in ASCII, a byte each.
size_t CountGraphemes(std::string_view text) {
  if (IsAscii(text)) return text.size();
  size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(GraphemeLength(text));
  return count;
}

// The first character of the first and of the last word; the second is empty where there is one
// word only.
struct Initials {
  std::string_view first;
  std::string_view last;
};

Initials InitialsOf(std::string_view name) {
  Initials initials;
  bool within = false;
  for (size_t at = 0; at < name.size();) {
    const std::string_view rest = name.substr(at);
    const bool space = IsWhiteSpace(NextCodePoint(name, &at));
    if (!space && !within) {
      const std::string_view initial = rest.substr(0, GraphemeLength(rest));
      (initials.first.empty() ? initials.first : initials.last) = initial;
    }
    within = !space;
  }
  return initials;
}

void AppendInitials(std::string_view name, std::string* masked) {
  const auto [first, last] = InitialsOf(name);
  MakeRoom(first.size() + last.size() + 7, masked);
  masked->append(first);
  masked->append("***");
  if (last.empty()) return;
  masked->push_back(' ');
  masked->append(last);
  masked->append("***");
}

}  // namespace

std::span<const FieldRule> PersonNameRules() { return kRules; }

const FieldRule* CanonicalisePersonName(std::string_view value, const FormatContext&,
                                        std::string* canonical) {
  if (!IsPrintableAscii(value)) {
    if (HasControl(value)) return &kRules[kControl];
    if (HasInvisible(value)) return &kRules[kInvisible];
    if (HasUnassigned(value)) return &kRules[kAssigned];
  }
  if (!HasLetter(value)) return &kRules[kLetter];
  const size_t begin = canonical->size();
  AppendFoldedWords(value, canonical);
  // Of the canonical form, so that it keeps the rule itself: folding makes two letters of some.
  const std::string_view folded = std::string_view(*canonical).substr(begin);
  return CountGraphemes(folded) > kMostGraphemes ? &kRules[kLength] : nullptr;
}

// "J*** S***" whether there are two words or ten, and however long: neither number is seen. As
// the name is written, since case is part of a name.
void MaskPersonName(const FieldValue& value, std::string* masked) {
  if (IsAscii(value.original)) return AppendInitials(value.original, masked);
  WipedString normal;
  AppendNfc(value.original, normal.get());
  AppendInitials(*normal, masked);
}

}  // namespace fieldkms
