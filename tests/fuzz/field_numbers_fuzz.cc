// Formats of numbers: the first byte chooses one, the rest is the value. What is legal has a
// canonical form that is its own, and no mask shows more than it may.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "crypto/field/format.h"
#include "crypto/field/mask.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

constexpr std::array kFormats = {FieldFormat::kPan,   FieldFormat::kCvv, FieldFormat::kSsn,
                                 FieldFormat::kItin,  FieldFormat::kEin, FieldFormat::kNino,
                                 FieldFormat::kEuVat, FieldFormat::kIban};
constexpr FormatContext kToday = {{2026, 1, 1}};

// Of each format, how many letters and digits its mask shows.
size_t MostShown(FieldFormat format) {
  switch (format) {
    case FieldFormat::kIban:
      return 8;
    case FieldFormat::kCvv:
      return 0;
    case FieldFormat::kNino:
      return 2;
    default:
      return 4;
  }
}

size_t Shown(const std::string& masked) {
  return static_cast<size_t>(std::count_if(masked.begin(), masked.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  }));
}

void FuzzNumber(const FormatInfo& format, std::string_view value) {
  std::string canonical, again, masked;
  const FieldRule* const broken = CanonicaliseField(format, value, kToday, &canonical);
  if (broken != nullptr) {
    Require(canonical.empty() && !broken->id.empty());
    return;
  }
  Require(!canonical.empty() && canonical.size() <= value.size());
  Require(CanonicaliseField(format, canonical, kToday, &again) == nullptr);
  Require(again == canonical);
  MaskAtLevel(format, MaskLevel::kMasked, {value, canonical}, &masked);
  Require(Shown(masked) <= MostShown(format.format));
  MaskAtLevel(format, MaskLevel::kFull, {value, canonical}, &masked);
  Require(masked == value);
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto format = fieldkms::kFormats[data[0] % fieldkms::kFormats.size()];
  fieldkms::FuzzNumber(*fieldkms::FindFormat(format),
                       {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
