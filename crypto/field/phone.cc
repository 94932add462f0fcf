// Telephone numbers of ITU-T E.164, as they are dialled from another country.
#include <algorithm>
#include <array>
#include <cstdint>

#include "crypto/field/formats.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

enum Rule : size_t { kPlus, kCharacters, kSeparators, kPrefix, kDigits, kCountryCode };
constexpr std::array<FieldRule, 6> kRules = {{
    {"phone.plus", "a number begins with + and a country code", "ITU-T E.123 (02/2001)"},
    {"phone.characters",
     "behind the + are digits 0 to 9 and separators (space, hyphen, dot, brackets) alone, and no "
     "extension, which is dialled when the call is answered",
     "ITU-T E.164 (11/2010)"},
    {"phone.separators", "separators stand between digits, and brackets in pairs",
     "ITU-T E.123 (02/2001)"},
    {"phone.national_prefix",
     "a number has no national prefix, such as (0): it is not dialled from abroad",
     "ITU-T E.123 (02/2001); ITU-T E.164 (11/2010)"},
    // 15 is E.164's bound. 7: the shortest numbers of subscribers have 4 digits behind a country
    // code of 3 (Niue, Tokelau, Saint Helena); what is shorter was cut.
    {"phone.digits", "a number has 7 to 15 digits, those of the country code among them",
     "ITU-T E.164 (11/2010), 6; FieldKMS"},
    {"phone.country_code", "the country code is one that is assigned",
     "Annex to ITU Operational Bulletin 1114 (15.XII.2016): list of ITU-T E.164 assigned country "
     "codes"},
}};

// The list of the rule, in order: of geographic areas, and of global services with subscribers.
// 970 is reserved there for the Palestinian Authority and in use. Left out is what no one can be
// called by: 388 (groups of countries; none is left), 991 (a trial that ended), 999 (reserved).
constexpr auto kCountryCodes = std::to_array<uint16_t>(
    {1,   7,   20,  27,  30,  31,  32,  33,  34,  36,  39,  40,  41,  43,  44,  45,  46,  47,
     48,  49,  51,  52,  53,  54,  55,  56,  57,  58,  60,  61,  62,  63,  64,  65,  66,  81,
     82,  84,  86,  90,  91,  92,  93,  94,  95,  98,  211, 212, 213, 216, 218, 220, 221, 222,
     223, 224, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240,
     241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 257, 258,
     260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 290, 291, 297, 298, 299, 350, 351, 352,
     353, 354, 355, 356, 357, 358, 359, 370, 371, 372, 373, 374, 375, 376, 377, 378, 379, 380,
     381, 382, 383, 385, 386, 387, 389, 420, 421, 423, 500, 501, 502, 503, 504, 505, 506, 507,
     508, 509, 590, 591, 592, 593, 594, 595, 596, 597, 598, 599, 670, 672, 673, 674, 675, 676,
     677, 678, 679, 680, 681, 682, 683, 685, 686, 687, 688, 689, 690, 691, 692, 800, 808, 850,
     852, 853, 855, 856, 870, 878, 880, 881, 882, 883, 886, 888, 960, 961, 962, 963, 964, 965,
     966, 967, 968, 970, 971, 972, 973, 974, 975, 976, 977, 979, 992, 993, 994, 995, 996, 998});

constexpr size_t kFewestDigits = 7, kMostDigits = 15;
// Of the mask: "the last three" of a number of 4 behind its country code would be most of it.
constexpr size_t kShownLast = 3, kFewestHidden = 4;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSeparator(char c) { return std::string_view(" -.()").find(c) != std::string_view::npos; }

// How many of `digits`, which are not none, are the country code; 0: they begin with none. No code
// begins another, and none begins with 0.
size_t CountryCodeLength(std::string_view digits) {
  if (digits.front() == '0') return 0;
  uint16_t code = 0;
  for (size_t length = 1; length <= std::min<size_t>(3, digits.size()); ++length) {
    code = static_cast<uint16_t>(code * 10 + (digits[length - 1] - '0'));
    if (std::binary_search(kCountryCodes.begin(), kCountryCodes.end(), code)) return length;
  }
  return 0;
}

// Whether a digit is at both ends and brackets come in pairs, none within another.
bool SeparatorsStandRight(std::string_view number) {
  if (number.empty() || !IsDigit(number.front())) return false;
  if (!IsDigit(number.back())) return false;
  bool open = false;
  for (const char c : number) {
    if (c == (open ? '(' : ')')) return false;
    if (c == '(' || c == ')') open = c == '(';
  }
  return !open;
}

const FieldRule* BrokenBy(std::string_view value) {
  if (value.empty() || value.front() != '+') return &kRules[kPlus];
  const std::string_view number = value.substr(1);
  for (const char c : number) {
    if (!IsDigit(c) && !IsSeparator(c)) return &kRules[kCharacters];
  }
  if (!SeparatorsStandRight(number)) return &kRules[kSeparators];
  if (number.find("(0)") != std::string_view::npos) return &kRules[kPrefix];
  return nullptr;
}

}  // namespace

std::span<const FieldRule> PhoneRules() { return kRules; }

const FieldRule* CanonicalisePhone(std::string_view value, const FormatContext&,
                                   std::string* canonical) {
  if (const FieldRule* broken = BrokenBy(value)) return broken;
  MakeRoom(value.size(), canonical);
  const size_t begin = canonical->size() + 1;
  canonical->push_back('+');
  for (const char c : value) {
    if (IsDigit(c)) canonical->push_back(c);
  }
  const std::string_view digits = std::string_view(*canonical).substr(begin);
  if (digits.size() < kFewestDigits || digits.size() > kMostDigits) return &kRules[kDigits];
  return CountryCodeLength(digits) == 0 ? &kRules[kCountryCode] : nullptr;
}

void MaskPhone(const FieldValue& value, std::string* masked) {
  const std::string_view digits = value.canonical.substr(1);
  const size_t code = CountryCodeLength(digits);
  const size_t national = digits.size() - code;
  const size_t shown =
      std::min(kShownLast, national > kFewestHidden ? national - kFewestHidden : 0);
  MakeRoom(value.canonical.size(), masked);
  masked->append(value.canonical.substr(0, 1 + code));
  masked->append(national - shown, '*');
  masked->append(digits.substr(digits.size() - shown));
}

}  // namespace fieldkms
