#include "crypto/field/postal_codes.h"

#include <algorithm>
#include <array>

namespace fieldkms {
namespace {

// ISO 3166-1:2020, as in Debian's iso-codes 4.15 (2023), and xk.
constexpr std::string_view kCountries =
    "ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br "
    "bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz "
    "ec ee eg eh er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw "
    "gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky "
    "kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv "
    "mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py "
    "qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg "
    "th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws xk ye yt za "
    "zm zw";

// Universal Postal Union, "Addressing solutions: postal addressing systems", a sheet for each
// country, compared with the "zip" entries of Google's libaddressinput (2024). Of GB: Royal Mail,
// Programmers' Guide to PAF; of IE: Eircode, Product Guide; of CA: Canada Post, Addressing
// Guidelines.
constexpr auto kKnown = std::to_array<PostalCodes>({
    {"ad", "ad###"},
    {"at", "####"},
    {"au", "####"},
    {"be", "####"},
    {"bg", "####"},
    {"br", "#####~###"},
    {"ca", "C#D_#D#"},
    {"ch", "####"},
    {"cy", "####"},
    {"cz", "###_##"},
    {"de", "#####"},
    {"dk", "####"},
    {"ee", "#####"},
    {"es", "#####"},
    {"fi", "#####"},
    {"fr", "##_###"},
    {"gb",
     "A#_#BB|A##_#BB|AA#_#BB|AA##_#BB|A#A_#BB|AA#A_#BB|gir_0aa|bfpo_#|bfpo_##|bfpo_###|bfpo_####"},
    {"gg", "gy#_#BB|gy##_#BB"},
    {"gr", "###_##"},
    {"hr", "#####"},
    {"hu", "####"},
    {"ie", "A##_EEEE|d6w_EEEE"},
    {"im", "im#_#BB|im##_#BB"},
    {"in", "P##_###"},
    {"is", "###"},
    {"it", "#####"},
    {"je", "je#_#BB|je##_#BB"},
    {"jp", "###~####"},
    {"kr", "#####"},
    {"li", "948#|949#"},
    {"lt", "#####"},
    {"lu", "####"},
    {"lv", "lv-####"},
    {"mc", "980##"},
    {"mt", "AAA_####|AAA_##"},
    {"mx", "#####"},
    {"nl", "P###_AA"},
    {"no", "####"},
    {"nz", "####"},
    {"pl", "##-###"},
    {"pt", "####-###"},
    {"ro", "######"},
    {"se", "###_##"},
    {"sg", "######"},
    {"si", "####"},
    {"sk", "###_##"},
    {"sm", "4789#"},
    {"tr", "#####"},
    {"ua", "#####"},
    {"us", "#####|#####-####"},
    {"va", "00120"},
    {"za", "####"},
});

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }
bool IsOneOf(char c, std::string_view characters) {
  return characters.find(c) != std::string_view::npos;
}

bool Fits(char pattern, char c) {
  switch (pattern) {
    case '#':
      return IsDigit(c);
    case 'P':
      return IsDigit(c) && c != '0';
    case 'A':
      return IsLetter(c);
    case 'B':
      return IsLetter(c) && !IsOneOf(c, "cikmov");
    case 'C':
      return IsLetter(c) && !IsOneOf(c, "dfioquwz");
    case 'D':
      return IsLetter(c) && !IsOneOf(c, "dfioqu");
    case 'E':
      return IsDigit(c) || IsOneOf(c, "acdefhknprtvwxy");
    default:
      return c == pattern;
  }
}

// How many bytes at the start of `text` are of the pattern; 0: they are not.
size_t MatchLength(std::string_view pattern, std::string_view text) {
  size_t at = 0;
  for (const char p : pattern) {
    const char c = at < text.size() ? text[at] : '\0';
    const bool optional = p == '_' || p == '~';
    const bool fits = optional ? c == (p == '_' ? ' ' : '-') : Fits(p, c);
    if (fits) ++at;
    if (!fits && !optional) return 0;
  }
  return at;
}

bool IsOfWord(char c) { return IsDigit(c) || IsLetter(c); }

bool MayBeginAt(std::string_view text, size_t begin) {
  if (begin == 0) return true;
  if (text[begin - 1] == '-') return begin >= 2 && IsLetter(text[begin - 2]);
  return !IsOfWord(text[begin - 1]);
}

bool MayEndAt(std::string_view text, size_t end) {
  return end == text.size() || (!IsOfWord(text[end]) && text[end] != '-');
}

bool ContainsPattern(std::string_view pattern, std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (!MayBeginAt(text, at)) continue;
    const size_t length = MatchLength(pattern, text.substr(at));
    if (length > 0 && MayEndAt(text, at + length)) return true;
  }
  return false;
}

// Codes as numbers, which compare as they do.
constexpr unsigned NumberOfCode(std::string_view code) {
  return static_cast<unsigned char>(code[0]) * 256u + static_cast<unsigned char>(code[1]);
}
constexpr size_t kCountryCount = (kCountries.size() + 1) / 3;
constexpr std::array<unsigned, kCountryCount> CountryNumbers() {
  std::array<unsigned, kCountryCount> numbers = {};
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = NumberOfCode(kCountries.substr(3 * i));
  return numbers;
}
constexpr std::array<unsigned, kCountryCount> kCountryNumbers = CountryNumbers();
static_assert(std::is_sorted(kCountryNumbers.begin(), kCountryNumbers.end()));

}  // namespace

bool IsCountryCode(std::string_view code) {
  return code.size() == 2 &&
         std::binary_search(kCountryNumbers.begin(), kCountryNumbers.end(), NumberOfCode(code));
}

std::span<const PostalCodes> KnownPostalCodes() { return kKnown; }

bool ContainsPostalCode(const PostalCodes& known, std::string_view text) {
  for (std::string_view rest = known.patterns;;) {
    const size_t bar = std::min(rest.find('|'), rest.size());
    if (ContainsPattern(rest.substr(0, bar), text)) return true;
    if (bar == rest.size()) return false;
    rest.remove_prefix(bar + 1);
  }
}

}  // namespace fieldkms
