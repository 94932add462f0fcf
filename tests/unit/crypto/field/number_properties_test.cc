// What holds of every number, legal or not.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "crypto/field/check_digits.h"
#include "crypto/field/format.h"
#include "crypto/field/iban_registry.h"
#include "crypto/field/mask.h"
#include "crypto/field/number_text.h"
#include "crypto/field/pan.h"
#include "tests/support/paths.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

constexpr std::array kNumbers = {FieldFormat::kPan,   FieldFormat::kCvv, FieldFormat::kSsn,
                                 FieldFormat::kItin,  FieldFormat::kEin, FieldFormat::kNino,
                                 FieldFormat::kEuVat, FieldFormat::kIban};

bool IsLegal(FieldFormat format, std::string_view value, std::string* canonical) {
  return CanonicaliseField(*FindFormat(format), value, {}, canonical) == nullptr;
}

std::string Masked(FieldFormat format, std::string_view canonical) {
  std::string masked;
  MaskAtLevel(*FindFormat(format), MaskLevel::kMasked, {canonical, canonical}, &masked);
  return masked;
}

rc::Gen<char> Digit() { return rc::gen::elementOf(std::string(kAsciiDigits)); }
rc::Gen<char> Letter() {
  return rc::gen::elementOf(std::string(kAsciiLettersAndDigits.substr(10)));
}
rc::Gen<char> Either() { return rc::gen::elementOf(std::string(kAsciiLettersAndDigits)); }

std::string Digits(size_t count) { return *rc::gen::container<std::string>(count, Digit()); }

// A legal card number.
std::string Pan() {
  struct Kind {
    std::string iin;
    size_t length;
  };
  static const std::vector<Kind> kinds = {{"4", 16},    {"4", 19},    {"51", 16}, {"2221", 16},
                                          {"34", 15},   {"36", 14},   {"62", 18}, {"67", 12},
                                          {"6011", 16}, {"3528", 17}, {"99", 10}, {"99", 19}};
  const Kind& kind = kinds[*rc::gen::inRange<size_t>(0, kinds.size())];
  const std::string body = kind.iin + Digits(kind.length - 1 - kind.iin.size());
  return body + static_cast<char>('0' + LuhnCheckDigit(body));
}

// A legal IBAN.
std::string Iban() {
  const IbanCountry& country =
      IbanCountries()[*rc::gen::inRange<size_t>(0, IbanCountries().size())];
  std::string bban;
  const std::string notation(country.bban);
  for (size_t at = 0; at < notation.size();) {
    const size_t mark = notation.find('!', at);
    const char kind = notation[mark + 1];
    const auto character = kind == 'n' ? Digit() : kind == 'a' ? Letter() : Either();
    const size_t count = std::stoul(notation.substr(at, mark - at));
    bban += *rc::gen::container<std::string>(count, character);
    at = mark + 2;
  }
  const std::string code(country.code);
  const std::string check = std::to_string(98 - Mod97(bban + code + "00"));
  return code + (check.size() == 1 ? "0" : "") + check + bban;
}

// `number` in groups of other lengths, each time with another separator.
std::string Spaced(const std::string& number, const std::string& separators) {
  std::string spaced;
  for (const char c : number) {
    if (!spaced.empty() && *rc::gen::inRange(0, 3) == 0) {
      spaced += *rc::gen::elementOf(separators);
    }
    spaced += c;
  }
  return spaced;
}

// Another digit in the place of one.
std::string Mistyped(const std::string& number) {
  std::vector<size_t> places;
  for (size_t at = 0; at < number.size(); ++at) {
    if (IsAsciiDigit(number[at])) places.push_back(at);
  }
  std::string mistyped = number;
  char& digit = mistyped[*rc::gen::elementOf(places)];
  const unsigned other = (DigitValue(digit) + *rc::gen::inRange(1u, 10u)) % 10;
  digit = static_cast<char>('0' + other);
  return mistyped;
}

RC_GTEST_PROP(PanPropertyTest, SeparatorsAreNoPartOfIt, ()) {
  const std::string pan = Pan();
  std::string canonical;
  RC_ASSERT(IsLegal(FieldFormat::kPan, Spaced(pan, " -"), &canonical));
  RC_ASSERT(canonical == pan);
}

RC_GTEST_PROP(PanPropertyTest, OneOtherDigitMakesItIllegal, ()) {
  std::string canonical;
  RC_ASSERT(!IsLegal(FieldFormat::kPan, Mistyped(Pan()), &canonical));
}

RC_GTEST_PROP(IbanPropertyTest, SeparatorsAndCaseAreNoPartOfIt, ()) {
  const std::string iban = Iban();
  std::string written = Spaced(iban, " -");
  for (char& c : written) {
    if (IsAsciiUpper(c) && *rc::gen::arbitrary<bool>()) c = static_cast<char>(c - 'A' + 'a');
  }
  std::string canonical;
  RC_ASSERT(IsLegal(FieldFormat::kIban, written, &canonical));
  RC_ASSERT(canonical == iban);
}

RC_GTEST_PROP(IbanPropertyTest, OneOtherDigitMakesItIllegal, ()) {
  std::string canonical;
  RC_ASSERT(!IsLegal(FieldFormat::kIban, Mistyped(Iban()), &canonical));
}

// Near-legal text: of what numbers are of, and now and then of something else.
std::string Text() {
  const auto usual = rc::gen::elementOf(std::string("0123456789ABCDEXIRUabd -.+*"));
  const auto character =
      rc::gen::weightedOneOf<char>({{30, usual}, {1, rc::gen::arbitrary<char>()}});
  return *rc::gen::container<std::string>(character);
}

RC_GTEST_PROP(NumberPropertyTest, CanonicalFormsOfWhateverIsLegalStay, ()) {
  const FieldFormat format = *rc::gen::elementOf(kNumbers);
  const std::string text = Text();
  std::string canonical;
  if (!IsLegal(format, text, &canonical)) return;
  RC_ASSERT(canonical.size() <= text.size());
  std::string again;
  RC_ASSERT(IsLegal(format, canonical, &again));
  RC_ASSERT(again == canonical);
}

// The characters of a mask that are not its own signs.
size_t Shown(const std::string& masked) {
  return static_cast<size_t>(std::count_if(
      masked.begin(), masked.end(), [](char c) { return IsAsciiDigit(c) || IsAsciiUpper(c); }));
}

// The most that each default mask may show.
size_t MayShow(FieldFormat format) {
  if (format == FieldFormat::kCvv) return 0;
  if (format == FieldFormat::kNino) return 2;
  return format == FieldFormat::kIban ? 8 : 4;
}

RC_GTEST_PROP(MaskPropertyTest, DefaultsShowNoMoreThanTheyMay, ()) {
  for (const std::string& number : {Pan(), Iban()}) {
    const FieldFormat format = IsAsciiDigit(number[0]) ? FieldFormat::kPan : FieldFormat::kIban;
    const std::string masked = Masked(format, number);
    const auto hidden = static_cast<size_t>(std::count(masked.begin(), masked.end(), '*'));
    RC_ASSERT(Shown(masked) == MayShow(format));
    RC_ASSERT(hidden == number.size() - MayShow(format));
  }
}

// How many digits a truncated card number hides at least: PCI SSC FAQ 1091.
size_t PanHiddenAtLeast(size_t digits) { return digits == 15 ? 5 : 4; }

// Whatever the template: what is not hidden is BIN and last four at most.
RC_GTEST_PROP(MaskPropertyTest, NoneShowsMoreThanBinAndLastFour, ()) {
  const std::string pan = Pan();
  MaskTemplate mask;
  mask.keep_first = *rc::gen::inRange<uint32_t>(0, 65);
  mask.keep_last = *rc::gen::inRange<uint32_t>(0, 65);
  mask.fixed_length = *rc::gen::inRange<uint32_t>(0, 8);
  std::string masked;
  MaskValue(mask, FieldFormat::kPan, {pan, pan}, &masked);
  RC_ASSERT(Shown(masked) <= PanBinLength(pan.size()) + 4);
  RC_ASSERT(Shown(masked) + PanHiddenAtLeast(pan.size()) <= pan.size());
  for (const MaskLevel level : {MaskLevel::kMasked, MaskLevel::kBinLast4}) {
    MaskAtLevel(*FindFormat(FieldFormat::kPan), level, {pan, pan}, &masked);
    RC_ASSERT(Shown(masked) <= PanBinLength(pan.size()) + 4);
    RC_ASSERT(Shown(masked) + PanHiddenAtLeast(pan.size()) <= pan.size());
  }
}

TEST(MaskTest, OfVectorsShowNoMoreThanTheyMay) {
  for (const FieldFormat format : kNumbers) {
    const std::string name(FindFormat(format)->name);
    const auto file = ReadJson(testing::VectorsDir() + "/field_formats/" + name + ".json");
    for (const auto& one : file.at("cases")) {
      if (!one.at("rule").is_null()) continue;
      const std::string canonical = one.at("canonical");
      EXPECT_LE(Shown(Masked(format, canonical)), MayShow(format)) << canonical;
    }
  }
}

}  // namespace
}  // namespace fieldkms
