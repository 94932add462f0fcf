#include "crypto/field/mask.h"

#include <algorithm>
#include <array>

#include "crypto/field/eight_bytes.h"
#include "crypto/field/formats.h"
#include "crypto/field/pan.h"
#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"
#include "crypto/status.h"
#include "crypto/wiped_string.h"

namespace fieldkms {
namespace {

constexpr uint32_t kMostKept = 64, kMostFixed = 64;
constexpr uint32_t kMostBin = 8, kMostLast = 4;  // of a card number: PCI DSS 4.0.1, 3.4.1

// How many digits of a card number are hidden at least, by PCI SSC FAQ 1091. It asks for five of
// 15, which is what BIN and last four leave.
constexpr size_t kFewestHidden = 4;

bool IsShownAsWritten(FieldFormat format) {
  return format == FieldFormat::kFreeText || format == FieldFormat::kPersonName ||
         format == FieldFormat::kPostalAddress;
}

bool IsOfClass(char32_t point, MaskClass hides) {
  if (hides == MaskClass::kAll) return true;
  if (IsNumber(point)) return true;
  return hides == MaskClass::kLettersAndDigits && IsLetter(point);
}

bool IsHidden(std::string_view character, MaskClass hides) {
  for (size_t at = 0; at < character.size();) {
    if (IsOfClass(NextCodePoint(character, &at), hides)) return true;
  }
  return false;
}

// Calls `take(character, of_class)` for each character of `text`.
template <class Take>
void ForEachCharacter(std::string_view text, MaskClass hides, Take take) {
  while (!text.empty()) {
    const std::string_view character = text.substr(0, GraphemeLength(text));
    take(character, IsHidden(character, hides));
    text.remove_prefix(character.size());
  }
}

size_t CountOfClass(std::string_view text, MaskClass hides) {
  size_t count = 0;
  ForEachCharacter(text, hides, [&count](std::string_view, bool of_class) { count += of_class; });
  return count;
}

// How many characters of the class are shown.
struct Shown {
  size_t first = 0;
  size_t last = 0;
};

Shown ShownOf(const MaskTemplate& mask, FieldFormat format, size_t count) {
  Shown shown = {mask.keep_first, mask.keep_last};
  if (format == FieldFormat::kCvv) return {};
  if (format != FieldFormat::kPan) return shown.first + shown.last < count ? shown : Shown{};
  shown.first = std::min(shown.first, PanBinLength(count));
  shown.last = std::min<size_t>(shown.last, kMostLast);
  if (shown.first + shown.last >= count) return {};
  const size_t hidden = count - shown.first - shown.last;
  if (hidden < kFewestHidden) shown.first -= std::min(shown.first, kFewestHidden - hidden);
  return count - shown.first - shown.last >= kFewestHidden ? shown : Shown{};
}

// Appends a text as it is shown. Between the first and the last hidden character, `fixed` fills
// stand for all if it is not 0.
void AppendMasked(const MaskTemplate& mask, size_t fixed, Shown shown, size_t count,
                  std::string_view text, std::string* masked) {
  const size_t end = count - shown.last;  // hidden are those of the class from shown.first on
  size_t number = 0;
  ForEachCharacter(text, mask.hides, [&](std::string_view character, bool of_class) {
    const bool begun = number > shown.first, over = number >= end;
    const bool hidden = of_class && number >= shown.first && !over;
    if (hidden && fixed == 0) masked->append(mask.fill);
    if (hidden && fixed > 0 && !begun) masked->append(fixed, mask.fill[0]);
    const bool swallowed = fixed > 0 && begun && !over;  // a separator between two hidden
    if (!hidden && !swallowed) masked->append(character);
    if (of_class) ++number;
  });
}

// How many fills stand for all that is hidden; 0: one for each. CheckTemplate asks for some of a
// CVV; should they be wanting, its length is hidden all the same.
size_t FixedOf(const MaskTemplate& mask, FieldFormat format) {
  return format == FieldFormat::kCvv ? std::max<size_t>(mask.fixed_length, 1) : mask.fixed_length;
}

void MaskCharacters(const MaskTemplate& mask, FieldFormat format, std::string_view text,
                    std::string* masked) {
  EraseText(masked);
  MakeRoom(text.size() + kMostFixed, masked);
  const size_t count = CountOfClass(text, mask.hides);
  AppendMasked(mask, FixedOf(mask, format), ShownOf(mask, format, count), count, text, masked);
}

// Whether each byte is a character: so it is in ASCII, but for CR LF, which is one.
bool BytesAreCharacters(std::string_view text) {
  return NoByteIs(text, [](uint64_t eight) { return AnyBeyondAscii(eight) | AnyIs(eight, '\r'); });
}

// The bytes of ASCII that a template hides.
class AsciiClass {
 public:
  explicit AsciiClass(MaskClass hides)
      : all_(hides == MaskClass::kAll), letters_(hides == MaskClass::kLettersAndDigits) {}

  bool all() const { return all_; }
  bool Has(char c) const {
    const auto small = static_cast<uint8_t>(c | 0x20);
    return all_ || (c >= '0' && c <= '9') || (letters_ && small >= 'a' && small <= 'z');
  }
  size_t CountIn(std::string_view text) const {
    if (all_) return text.size();
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [this](char c) { return Has(c); }));
  }
  // Where the one stands that has `before` of the class before it; there is one.
  size_t Find(std::string_view text, size_t before) const {
    if (all_) return before;
    size_t at = 0;
    while (!Has(text[at]) || before-- > 0) ++at;
    return at;
  }
  // Behind the one that has `after` of the class behind it; there is one.
  size_t FindEnd(std::string_view text, size_t after) const {
    if (all_) return text.size() - after;
    size_t end = text.size();
    while (!Has(text[end - 1]) || after-- > 0) --end;
    return end;
  }

 private:
  const bool all_;
  const bool letters_;
};

// MaskCharacters of text whose bytes are characters.
void MaskBytes(const MaskTemplate& mask, FieldFormat format, std::string_view text,
               std::string* masked) {
  const AsciiClass hidden(mask.hides);
  const size_t count = hidden.CountIn(text);
  const Shown shown = ShownOf(mask, format, count);
  if (count == shown.first + shown.last) {
    std::copy(text.begin(), text.end(), ResizeText(text.size(), masked));
    return;
  }
  const size_t begin = hidden.Find(text, shown.first), end = hidden.FindEnd(text, shown.last);
  const size_t fixed = FixedOf(mask, format);
  const size_t filled = fixed > 0 ? fixed : end - begin;
  const char fill = mask.fill[0];
  char* const out = ResizeText(text.size() - (end - begin) + filled, masked);
  if (fixed > 0) {
    std::copy_n(text.data(), begin, out);
    std::fill_n(out + begin, fixed, fill);
    std::copy(text.begin() + end, text.end(), out + begin + fixed);
    return;
  }
  std::copy(text.begin(), text.end(), out);
  if (hidden.all()) {
    std::fill(out + begin, out + end, fill);
  } else {
    std::replace_if(
        out + begin, out + end, [&](char c) { return hidden.Has(c); }, fill);
  }
}

void MaskText(const MaskTemplate& mask, FieldFormat format, std::string_view text,
              std::string* masked) {
  if (BytesAreCharacters(text)) return MaskBytes(mask, format, text, masked);
  MaskCharacters(mask, format, text, masked);
}

absl::Status CheckBounds(const MaskTemplate& mask, std::string_view field) {
  if (mask.keep_first > kMostKept || mask.keep_last > kMostKept) {
    return InvalidField(field, "must keep at most 64 characters at each end");
  }
  if (mask.hides < MaskClass::kAll || mask.hides > MaskClass::kLettersAndDigits) {
    return InvalidField(field, "must hide all characters, digits, or letters and digits");
  }
  const char fill = mask.fill.size() == 1 ? mask.fill[0] : '\0';
  if (fill <= ' ' || fill > '~' || (fill >= '0' && fill <= '9')) {
    return InvalidField(field, "must fill with one printable ASCII character, no digit or space");
  }
  if (mask.fixed_length > kMostFixed) {
    return InvalidField(field, "must have a fixed length of at most 64");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTemplate(const MaskTemplate& mask, FieldFormat format, std::string_view field) {
  if (format == FieldFormat::kJson) {
    return InvalidField(field, "must not be given for JSON, which has a mask of its own");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckBounds(mask, field));
  if (format == FieldFormat::kPan && (mask.keep_first > kMostBin || mask.keep_last > kMostLast)) {
    return InvalidField(
        field, "must keep at most the first 8 and the last 4 digits of a card number (PCI DSS)");
  }
  const bool all_hidden = mask.keep_first == 0 && mask.keep_last == 0 &&
                          mask.hides == MaskClass::kAll && mask.fixed_length > 0;
  if (format == FieldFormat::kCvv && !all_hidden) {
    return InvalidField(field, "must hide a CVV whole, its length too");
  }
  return absl::OkStatus();
}

void MaskValue(const MaskTemplate& mask, FieldFormat format, const FieldValue& value,
               std::string* masked) {
  if (format == FieldFormat::kJson) {
    EraseText(masked);
    return MaskJson(value, masked);
  }
  if (!IsShownAsWritten(format)) return MaskText(mask, format, value.canonical, masked);
  if (IsAscii(value.original)) return MaskText(mask, format, value.original, masked);
  WipedString normal;
  AppendNfc(value.original, normal.get());
  MaskText(mask, format, *normal, masked);
}

void MaskAtLevel(const FormatInfo& format, MaskLevel level, const FieldValue& value,
                 std::string* masked) {
  EraseText(masked);
  if (level == MaskLevel::kFull) return AppendText(value.original, masked);
  if (level == MaskLevel::kBinLast4 && format.format == FieldFormat::kPan) {
    static const MaskTemplate bin_last4 = {.keep_first = kMostBin, .keep_last = kMostLast};
    return MaskValue(bin_last4, format.format, value, masked);
  }
  format.mask(value, masked);
}

std::string_view MaskLevelName(MaskLevel level) {
  static constexpr std::array<std::string_view, 3> kLevelNames = {"masked", "bin_last4", "full"};
  const auto number = static_cast<size_t>(level);
  return number >= 1 && number <= kLevelNames.size() ? kLevelNames[number - 1] : "";
}

}  // namespace fieldkms
