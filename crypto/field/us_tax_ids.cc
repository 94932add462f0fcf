// Numbers of US taxpayers: SSN of persons, ITIN of those who get no SSN, EIN of employers. Nine
// digits each; which is which, and whether one was ever given out, is in the first five.
#include <algorithm>
#include <array>

#include "crypto/field/check_digits.h"
#include "crypto/field/formats.h"
#include "crypto/field/number_text.h"

namespace fieldkms {
namespace {

constexpr std::string_view kSsa = "SSA, POMS RM 10201.035";
constexpr std::string_view kIrsItin = "IRS, Publication 4757";
constexpr std::string_view kIrsEin = "IRS, How EINs are assigned and valid EIN prefixes";

constexpr FieldRule kSsnCharacters{
    "ssn.characters", "an SSN is of digits 0 to 9, single hyphens or spaces between them",
    "SSA, POMS RM 10201.030"};
constexpr FieldRule kSsnLength{"ssn.length", "an SSN has 9 digits", "SSA, POMS RM 10201.030"};
constexpr FieldRule kSsnArea{"ssn.area",
                             "the first three digits are other than 000, 666 and 900 to 999", kSsa};
constexpr FieldRule kSsnGroup{"ssn.group", "the fourth and fifth digit are other than 00", kSsa};
constexpr FieldRule kSsnSerial{"ssn.serial", "the last four digits are other than 0000", kSsa};
constexpr FieldRule kSsnVoid{
    "ssn.void",
    "an SSN is other than those that are void since they were printed in advertisements",
    "SSA, Social Security Cards Issued by Woolworth; FTC v. LifeLock (2010)"};
constexpr std::array kSsnRules = {kSsnCharacters, kSsnLength, kSsnArea,
                                  kSsnGroup,      kSsnSerial, kSsnVoid};
constexpr std::array<std::string_view, 3> kVoid = {"078051120", "219099999", "457555462"};

constexpr FieldRule kItinCharacters{
    "itin.characters", "an ITIN is of digits 0 to 9, single hyphens or spaces between them",
    kIrsItin};
constexpr FieldRule kItinLength{"itin.length", "an ITIN has 9 digits", kIrsItin};
constexpr FieldRule kItinArea{"itin.area", "an ITIN begins with 9", kIrsItin};
// 93 is an ATIN, of a child in adoption; the rest are numbers of the IRS's own.
constexpr FieldRule kItinGroup{
    "itin.group", "the fourth and fifth digit are 50 to 65, 70 to 88, 90 to 92 or 94 to 99",
    kIrsItin};
constexpr std::array kItinRules = {kItinCharacters, kItinLength, kItinArea, kItinGroup};

constexpr FieldRule kEinCharacters{
    "ein.characters", "an EIN is of digits 0 to 9, single hyphens or spaces between them", kIrsEin};
constexpr FieldRule kEinLength{"ein.length", "an EIN has 9 digits", kIrsEin};
constexpr FieldRule kEinPrefix{"ein.prefix", "the first two digits are a prefix that the IRS gives",
                               kIrsEin};
constexpr std::array kEinRules = {kEinCharacters, kEinLength, kEinPrefix};
constexpr std::array<unsigned, 17> kNoEinPrefix = {0,  7,  8,  9,  17, 18, 19, 28, 29,
                                                   49, 69, 70, 78, 79, 89, 96, 97};

constexpr NumberAlphabet kAlphabet(kAsciiDigits, "- ");
constexpr size_t kDigits = 9;
constexpr size_t kShown = 4;

bool IsItinGroup(uint64_t group) {
  return group >= 50 && group != 93 && group != 89 && (group < 66 || group > 69);
}

// `hidden` and the last four digits.
void MaskAllButLast(std::string_view hidden, const FieldValue& value, std::string* masked) {
  masked->append(hidden).append(value.canonical.substr(kDigits - kShown));
}

}  // namespace

std::span<const FieldRule> SsnRules() { return kSsnRules; }

const FieldRule* CanonicaliseSsn(std::string_view value, const FormatContext& /*context*/,
                                 std::string* canonical) {
  const std::string_view digits = AppendNumber(value, kAlphabet, canonical);
  if (digits.empty()) return &kSsnCharacters;
  if (digits.size() != kDigits) return &kSsnLength;
  const std::string_view area = digits.substr(0, 3);
  if (area == "000" || area == "666" || area[0] == '9') return &kSsnArea;
  if (digits.substr(3, 2) == "00") return &kSsnGroup;
  if (digits.substr(5) == "0000") return &kSsnSerial;
  const bool is_void = std::find(kVoid.begin(), kVoid.end(), digits) != kVoid.end();
  return is_void ? &kSsnVoid : nullptr;
}

void MaskSsn(const FieldValue& value, std::string* masked) {
  MaskAllButLast("***-**-", value, masked);
}

std::span<const FieldRule> ItinRules() { return kItinRules; }

const FieldRule* CanonicaliseItin(std::string_view value, const FormatContext& /*context*/,
                                  std::string* canonical) {
  const std::string_view digits = AppendNumber(value, kAlphabet, canonical);
  if (digits.empty()) return &kItinCharacters;
  if (digits.size() != kDigits) return &kItinLength;
  if (digits[0] != '9') return &kItinArea;
  return IsItinGroup(NumberOf(digits.substr(3, 2))) ? nullptr : &kItinGroup;
}

void MaskItin(const FieldValue& value, std::string* masked) {
  MaskAllButLast("***-**-", value, masked);
}

std::span<const FieldRule> EinRules() { return kEinRules; }

const FieldRule* CanonicaliseEin(std::string_view value, const FormatContext& /*context*/,
                                 std::string* canonical) {
  const std::string_view digits = AppendNumber(value, kAlphabet, canonical);
  if (digits.empty()) return &kEinCharacters;
  if (digits.size() != kDigits) return &kEinLength;
  const bool unused = std::binary_search(kNoEinPrefix.begin(), kNoEinPrefix.end(),
                                         static_cast<unsigned>(NumberOf(digits.substr(0, 2))));
  return unused ? &kEinPrefix : nullptr;
}

void MaskEin(const FieldValue& value, std::string* masked) {
  MaskAllButLast("**-***", value, masked);
}

}  // namespace fieldkms
