#include "deploy/sample/identifiers.h"

#include <cstddef>

namespace fieldkms::sample {
namespace {

struct PanRange {
  std::string_view prefix;
  size_t length;
};

constexpr PanRange kPanRanges[] = {
    {"411111", 16}, {"424242", 16},  // Visa
    {"555555", 16}, {"222300", 16},  // Mastercard, old and 2-series
    {"378282", 15}, {"371449", 15},  // American Express
    {"601111", 16}, {"601100", 16},  // Discover
    {"353011", 16}, {"356600", 16},  // JCB
    {"305693", 14}, {"385200", 14},  // Diners Club
};

// Prefixes of the IRS's list.
constexpr std::string_view kEinPrefixes[] = {"10", "12", "20", "26", "30", "45", "46",
                                             "54", "66", "81", "83", "91", "95", "98"};

// Account part of an IBAN (BBAN): runs of `count` digits (n), upper-case letters
// (a) or both (c), after the SWIFT IBAN registry.
struct BbanRun {
  char kind;
  size_t count;
};
struct IbanShape {
  std::string_view country;
  BbanRun runs[3];
};

constexpr IbanShape kIbanShapes[] = {
    {"DE", {{'n', 18}}},
    {"FR", {{'n', 10}, {'c', 11}, {'n', 2}}},
    {"GB", {{'a', 4}, {'n', 14}}},
    {"NL", {{'a', 4}, {'n', 10}}},
    {"ES", {{'n', 20}}},
    {"CH", {{'n', 5}, {'c', 12}}},
    {"NO", {{'n', 11}}},
    {"PL", {{'n', 24}}},
    {"IT", {{'a', 1}, {'n', 10}, {'c', 12}}},
    {"SE", {{'n', 20}}},
    {"MT", {{'a', 4}, {'n', 5}, {'c', 18}}},
};

// Sum of digits with every second one, from the right, doubled; `doubled` says
// whether the last one is.
unsigned LuhnSum(std::string_view digits, bool doubled) {
  unsigned sum = 0;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, doubled = !doubled) {
    unsigned digit = static_cast<unsigned>(*it - '0') * (doubled ? 2U : 1U);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum;
}

// Remainder modulo 97 of `text` with letters as 10 to 35.
unsigned Mod97(std::string_view text) {
  unsigned remainder = 0;
  for (char c : text) {
    bool digit = c >= '0' && c <= '9';
    unsigned value = static_cast<unsigned>(digit ? c - '0' : c - 'A' + 10);
    remainder = (remainder * (digit ? 10U : 100U) + value) % 97U;
  }
  return remainder;
}

std::string_view Alphabet(char kind) {
  constexpr std::string_view kBoth = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (kind == 'n') return kBoth.substr(0, 10);
  if (kind == 'a') return kBoth.substr(10);
  return kBoth;
}

}  // namespace

bool LuhnValid(std::string_view digits) {
  if (digits.size() < 2) return false;
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
  }
  return LuhnSum(digits, false) % 10 == 0;
}

bool IbanValid(std::string_view iban) {
  if (iban.size() < 15 || iban.size() > 34) return false;
  for (char c : iban) {
    if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z')) return false;
  }
  return Mod97(std::string(iban.substr(4)).append(iban.substr(0, 4))) == 1;
}

std::string MakePan(SampleRandom& random) {
  const PanRange& range = random.Pick(kPanRanges);
  std::string pan(range.prefix);
  pan += random.Digits(range.length - pan.size() - 1);
  pan += static_cast<char>('0' + (10 - LuhnSum(pan, true) % 10) % 10);
  return pan;
}

std::string MakeSsn(SampleRandom& random) {
  // Areas that the SSA had assigned to nobody until 2011.
  std::string area = std::to_string(773 + random.Below(127));
  std::string group = std::to_string(100 + 1 + random.Below(99)).substr(1);
  std::string serial = std::to_string(10'000 + 1 + random.Below(9'999)).substr(1);
  return area + "-" + group + "-" + serial;
}

std::string MakeEin(SampleRandom& random) {
  std::string prefix(random.Pick(kEinPrefixes));
  return prefix + "-" + random.Digits(7);
}

std::string MakeIban(SampleRandom& random) {
  const IbanShape& shape = random.Pick(kIbanShapes);
  std::string bban;
  for (const BbanRun& run : shape.runs) {
    if (run.count > 0) bban += random.Characters(run.count, Alphabet(run.kind));
  }
  unsigned check = 98 - Mod97(bban + std::string(shape.country) + "00");
  std::string digits = std::to_string(100 + check).substr(1);
  return std::string(shape.country) + digits + bban;
}

}  // namespace fieldkms::sample
