// Mailboxes of RFC 5321, with the characters that RFC 6531 adds.
//
// Two mailboxes that differ in case alone are one to us. RFC 5321, 2.4, lets the host of a
// mailbox tell them apart; hosts that people use do not, and people write either. Characters are
// lowered one by one, not folded: folding would make one mailbox of "straße" and "strasse". A
// domain's A-labels (xn--) stay what they are: not the same as their U-labels.
//
// Refused, though RFC 5321 has them: local parts in quotes (4.1.2 asks hosts to have none that
// need them) and address literals, [192.0.2.1] (a machine's, not a person's).
#include <algorithm>
#include <array>
#include <cstdint>

#include "crypto/field/formats.h"
#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

enum Rule : size_t { kAt, kLocal, kLocalLength, kDomain, kDot, kTopLabel, kLength };
constexpr std::array<FieldRule, 7> kRules = {{
    {"email.at", "a mailbox is a local part, one @ and a domain", "RFC 5321, 4.1.2"},
    {"email.local",
     "the local part is words between dots, of letters, digits, !#$%&'*+-/=?^_`{|}~ and visible "
     "characters beyond ASCII",
     "RFC 5321, 4.1.2 (Dot-string); RFC 5322, 3.2.3; RFC 6531, 3.3"},
    {"email.local_length", "the local part has at most 64 octets", "RFC 5321, 4.5.3.1.1"},
    {"email.domain",
     "the domain is labels between dots, of letters, digits and inner hyphens: at most 63 octets "
     "in ASCII, or 59 characters beyond it (their A-label has 63 octets)",
     "RFC 1035, 2.3.1 and 2.3.4; RFC 1123, 2.1; RFC 5890, 2.3.2.1; RFC 5891, 4.2.3"},
    {"email.dot", "the domain has at least two labels", "FieldKMS"},
    {"email.top_label", "the last label is not a number", "RFC 3696, 2"},
    // So the domain's own bound, 255 octets (4.5.3.1.2), is never reached.
    {"email.length", "a mailbox has at most 254 octets",
     "RFC 5321, 4.5.3.1.3; RFC 3696, erratum 1690"},
}};

constexpr size_t kMostOctets = 254, kMostLocalOctets = 64;
constexpr size_t kMostLabelOctets = 63, kMostLabelCharacters = 59;

constexpr bool IsAsciiLetter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool IsAsciiDigit(char32_t c) { return c >= '0' && c <= '9'; }

constexpr std::array<bool, 128> Atext() {
  std::array<bool, 128> is = {};
  for (char32_t c = 0; c < is.size(); ++c) is[c] = IsAsciiLetter(c) || IsAsciiDigit(c);
  for (const char c : std::string_view("!#$%&'*+-/=?^_`{|}~")) is[static_cast<uint8_t>(c)] = true;
  return is;
}

bool IsAtext(char32_t c) {
  static constexpr std::array<bool, 128> kIs = Atext();
  return kIs[c];
}

bool IsLocal(char32_t c) {
  if (c < 0x80) return IsAtext(c);
  return c >= 0xA0 && !IsWhiteSpace(c) && !IsInvisible(c) && !IsUnassigned(c);
}

// Whether `text` is one or more words between dots, each one that `fits`.
template <class Fits>
bool IsDotted(std::string_view text, Fits fits) {
  while (true) {
    const size_t dot = std::min(text.find('.'), text.size());
    if (!fits(text.substr(0, dot))) return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsLocalWord(std::string_view word) {
  for (size_t at = 0; at < word.size();) {
    if (!IsLocal(NextCodePoint(word, &at))) return false;
  }
  return !word.empty();
}

// Of the characters that RFC 5892 has in labels, those that need no look at their neighbours; and
// the middle dots of Catalan and Japanese, which do.
bool IsOfLabel(char32_t c) {
  if (c < 0x80) return IsAsciiLetter(c) || IsAsciiDigit(c) || c == '-';
  return (IsLetter(c) || IsMark(c) || IsDecimalDigit(c) || c == 0xB7 || c == 0x30FB) &&
         !IsInvisible(c);
}

bool IsLabel(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  size_t characters = 0;
  for (size_t at = 0; at < label.size(); ++characters) {
    const char32_t c = NextCodePoint(label, &at);
    if (!IsOfLabel(c) || (characters == 0 && IsMark(c))) return false;
  }
  return IsAscii(label) ? label.size() <= kMostLabelOctets : characters <= kMostLabelCharacters;
}

std::string_view TopLabel(std::string_view domain) { return domain.substr(domain.rfind('.') + 1); }

const FieldRule* BrokenBy(std::string_view mailbox) {
  const size_t at = mailbox.find('@');
  if (at == std::string_view::npos || mailbox.find('@', at + 1) != std::string_view::npos) {
    return &kRules[kAt];
  }
  const std::string_view local = mailbox.substr(0, at), domain = mailbox.substr(at + 1);
  if (local.empty() || domain.empty()) return &kRules[kAt];
  if (local.size() > kMostLocalOctets) return &kRules[kLocalLength];
  if (mailbox.size() > kMostOctets) return &kRules[kLength];
  if (!IsDotted(local, IsLocalWord)) return &kRules[kLocal];
  if (!IsDotted(domain, IsLabel)) return &kRules[kDomain];
  if (domain.find('.') == std::string_view::npos) return &kRules[kDot];
  const std::string_view top = TopLabel(domain);
  return std::all_of(top.begin(), top.end(), IsAsciiDigit) ? &kRules[kTopLabel] : nullptr;
}

}  // namespace

std::span<const FieldRule> EmailRules() { return kRules; }

// The rules are those of the canonical form, so that it keeps them itself.
const FieldRule* CanonicaliseEmail(std::string_view value, const FormatContext&,
                                   std::string* canonical) {
  const size_t begin = canonical->size();
  AppendLower(value, canonical);
  return BrokenBy(std::string_view(*canonical).substr(begin));
}

// Always three stars, so that no length is seen.
void MaskEmail(const FieldValue& value, std::string* masked) {
  const size_t at = value.canonical.find('@');
  const std::string_view local = value.canonical.substr(0, at);
  const std::string_view domain = value.canonical.substr(at + 1);
  MakeRoom(value.canonical.size() + 8, masked);
  masked->append(local.substr(0, GraphemeLength(local)));
  masked->append("***@");
  masked->append(domain.substr(0, GraphemeLength(domain)));
  masked->append("***.");
  masked->append(TopLabel(domain));
}

}  // namespace fieldkms
