// US identifiers of persons and employers: the agencies' rules, which some published checkers get
// wrong.
#include <algorithm>
#include <array>

#include "crypto/field/characters.h"
#include "crypto/field/formats.h"

namespace fieldkms {
namespace {

constexpr char kSsa[] = "SSA, POMS RM 10201.035";
constexpr char kItinSource[] = "IRS, Publication 4757 (ITIN)";
constexpr char kEinSource[] = "IRS, How EINs are assigned and valid EIN prefixes";

constexpr std::array kSsnRules = {
    FieldRule{
        "ssn.characters",
        "a social security number is digits, as AAA-GG-SSSS, AAA GG SSSS or without separators",
        kSsa},
    FieldRule{"ssn.length", "a social security number has 9 digits", kSsa},
    FieldRule{"ssn.area", "the area is neither 000 nor 666, and below 900", kSsa},
    FieldRule{"ssn.group", "the group is not 00", kSsa},
    FieldRule{"ssn.serial", "the serial is not 0000", kSsa},
    FieldRule{"ssn.void", "the number is none that the SSA voided after it was published", kSsa}};
constexpr std::array<std::string_view, 3> kVoidSsns = {"078051120", "219099999", "457555462"};

constexpr std::array kItinRules = {
    FieldRule{"itin.characters",
              "an ITIN is digits, as 9NN-NN-NNNN, 9NN NN NNNN or without separators", kItinSource},
    FieldRule{"itin.length", "an ITIN has 9 digits", kItinSource},
    FieldRule{"itin.area", "an ITIN begins with 9", kItinSource},
    FieldRule{"itin.group", "digits 4 and 5 are in 50-65, 70-88, 90-92 or 94-99", kItinSource}};

constexpr std::array kEinRules = {
    FieldRule{"ein.characters", "an EIN is digits, as NN-NNNNNNN or without separators",
              kEinSource},
    FieldRule{"ein.length", "an EIN has 9 digits", kEinSource},
    FieldRule{"ein.prefix", "the first two digits are a prefix that the IRS assigns", kEinSource}};
// Those that it does not.
constexpr std::array<unsigned, 16> kNoEinPrefixes = {0,  7,  8,  9,  17, 18, 19, 28,
                                                     29, 49, 69, 70, 78, 79, 89, 96};

void AppendPersonMask(const FieldValue& value, std::string* masked) {
  masked->append("***-**-").append(value.canonical.substr(5));
}

}  // namespace

std::span<const FieldRule> SsnRules() { return kSsnRules; }

const FieldRule* CanonicaliseSsn(std::string_view value, const FormatContext&,
                                 std::string* canonical) {
  const size_t begin = canonical->size();
  if (!AppendDigits(value, " -", canonical)) return &kSsnRules[0];
  const std::string_view digits = std::string_view(*canonical).substr(begin);
  if (digits.size() != 9) return &kSsnRules[1];
  const unsigned area = NumberOf(digits, 0, 3);
  if (area == 0 || area == 666 || area >= 900) return &kSsnRules[2];
  if (NumberOf(digits, 3, 2) == 0) return &kSsnRules[3];
  if (NumberOf(digits, 5, 4) == 0) return &kSsnRules[4];
  const bool is_void = std::find(kVoidSsns.begin(), kVoidSsns.end(), digits) != kVoidSsns.end();
  return is_void ? &kSsnRules[5] : nullptr;
}

void MaskSsn(const FieldValue& value, std::string* masked) { AppendPersonMask(value, masked); }

std::span<const FieldRule> ItinRules() { return kItinRules; }

const FieldRule* CanonicaliseItin(std::string_view value, const FormatContext&,
                                  std::string* canonical) {
  const size_t begin = canonical->size();
  if (!AppendDigits(value, " -", canonical)) return &kItinRules[0];
  const std::string_view digits = std::string_view(*canonical).substr(begin);
  if (digits.size() != 9) return &kItinRules[1];
  if (digits[0] != '9') return &kItinRules[2];
  const unsigned group = NumberOf(digits, 3, 2);
  // 93 is for adoptions (ATIN), 66-69 and 89 for nobody.
  const bool assigned = (group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
                        (group >= 90 && group <= 92) || group >= 94;
  return assigned ? nullptr : &kItinRules[3];
}

void MaskItin(const FieldValue& value, std::string* masked) { AppendPersonMask(value, masked); }

std::span<const FieldRule> EinRules() { return kEinRules; }

const FieldRule* CanonicaliseEin(std::string_view value, const FormatContext&,
                                 std::string* canonical) {
  const size_t begin = canonical->size();
  if (!AppendDigits(value, "-", canonical)) return &kEinRules[0];
  const std::string_view digits = std::string_view(*canonical).substr(begin);
  if (digits.size() != 9) return &kEinRules[1];
  const unsigned prefix = NumberOf(digits, 0, 2);
  const bool none = prefix == 97 || std::find(kNoEinPrefixes.begin(), kNoEinPrefixes.end(),
                                              prefix) != kNoEinPrefixes.end();
  return none ? &kEinRules[2] : nullptr;
}

void MaskEin(const FieldValue& value, std::string* masked) {
  masked->append("**-***").append(value.canonical.substr(5));
}

}  // namespace fieldkms
