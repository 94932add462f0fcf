#include "crypto/fpe_text.h"

#include <algorithm>
#include <iterator>

#include "crypto/status.h"
#include "crypto/utf8.h"

namespace fieldkms {
namespace {

constexpr uint8_t kTweakVersion = 1;
constexpr size_t kTweakHeader = 1 + 4;
constexpr size_t kMostUtf8 = 4;  // bytes of a code point
constexpr size_t kMostAllKept = size_t{2} * kFpeMostKept;
constexpr size_t kMostCharacters = kMostAllKept + kFf1MostNumerals;
static_assert(kTweakHeader + kFpeMostDomain + kMostAllKept * kMostUtf8 <= kFf1MostTweak);

struct Range {
  char32_t first, last;
};

// Controls (Cc), white space (White_Space of PropList.txt), what turns or hides text (UAX #9's
// controls, U+00AD, U+200B to U+200D, U+2060 to U+2064, U+FEFF), and tags: Unicode 15.
constexpr Range kUnfit[] = {
    {0x0, 0x20},      {0x7f, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},
    {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200f}, {0x2028, 0x202f},
    {0x205f, 0x206f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f},
};

bool Unfit(char32_t point) {
  return std::any_of(std::begin(kUnfit), std::end(kUnfit), [point](const Range& range) {
    return point >= range.first && point <= range.last;
  });
}

size_t Utf8Size(char32_t point) {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

// Appends the alphabet's code points.
absl::Status ReadAlphabet(std::string_view alphabet, std::string_view field,
                          std::vector<char32_t>* points) {
  while (!alphabet.empty()) {
    char32_t point = 0;
    if (!TakeCodePoint(&alphabet, &point)) return InvalidField(field, "must be UTF-8");
    if (Unfit(point)) {
      return InvalidField(field, "has white space, a control or an invisible character");
    }
    if (points->size() == kFf1MostRadix) {
      return InvalidField(field, "has more than 65,536 characters");
    }
    points->push_back(point);
  }
  if (points->size() < 2) return InvalidField(field, "must have 2 characters at least");
  return absl::OkStatus();
}

}  // namespace

// The numerals of a text's characters of the alphabet. Wiped when it is destroyed.
class FpeAlphabet::Numerals {
 public:
  Numerals() = default;
  ~Numerals() { Wipe({reinterpret_cast<uint8_t*>(numerals_.data()), size_ * sizeof(uint16_t)}); }
  Numerals(const Numerals&) = delete;
  Numerals& operator=(const Numerals&) = delete;

  size_t size() const { return size_; }
  void Append(uint32_t numeral) { numerals_[size_++] = static_cast<uint16_t>(numeral); }
  std::span<uint16_t> all() { return {numerals_.data(), size_}; }
  std::span<const uint16_t> all() const { return {numerals_.data(), size_}; }

 private:
  size_t size_ = 0;
  std::array<uint16_t, kMostCharacters> numerals_;
};

absl::StatusOr<FpeAlphabet> FpeAlphabet::Create(const FpeTemplate& spec, std::string_view field) {
  if (std::max(spec.keep_first, spec.keep_last) > kFpeMostKept) {
    return InvalidField(field, "keeps more than 64 characters at an end");
  }
  FpeAlphabet alphabet;
  alphabet.keep_first_ = spec.keep_first;
  alphabet.keep_last_ = spec.keep_last;
  FIELDKMS_RETURN_IF_ERROR(ReadAlphabet(spec.alphabet, field, &alphabet.points_));
  FIELDKMS_RETURN_IF_ERROR(alphabet.Place(field));
  alphabet.least_ = static_cast<uint32_t>(Ff1LeastNumerals(alphabet.radix()));
  return alphabet;
}

// Makes the way back from code points to numerals.
absl::Status FpeAlphabet::Place(std::string_view field) {
  std::vector<Placed> placed;
  size_t shortest = kMostUtf8;
  size_t longest = 1;
  for (size_t i = 0; i < points_.size(); ++i) {
    placed.push_back({points_[i], static_cast<uint16_t>(i)});
    shortest = std::min(shortest, Utf8Size(points_[i]));
    longest = std::max(longest, Utf8Size(points_[i]));
  }
  growth_ = longest - shortest;
  const auto by_point = [](const Placed& a, const Placed& b) { return a.point < b.point; };
  std::sort(placed.begin(), placed.end(), by_point);
  const auto same = [](const Placed& a, const Placed& b) { return a.point == b.point; };
  if (std::adjacent_find(placed.begin(), placed.end(), same) != placed.end()) {
    return InvalidField(field, "has a character twice");
  }
  ascii_.fill(kNoNumeral);
  for (const Placed& one : placed) {
    if (one.point < ascii_.size()) {
      ascii_[one.point] = one.numeral;
    } else {
      others_.push_back(one);
    }
  }
  return absl::OkStatus();
}

inline uint32_t FpeAlphabet::NumeralOf(char32_t point) const {
  if (point < ascii_.size()) return ascii_[point];
  const auto found =
      std::lower_bound(others_.begin(), others_.end(), point,
                       [](const Placed& placed, char32_t wanted) { return placed.point < wanted; });
  return found != others_.end() && found->point == point ? found->numeral : kNoNumeral;
}

absl::Status FpeAlphabet::EncryptText(const Ff1Key& key, ByteView domain, std::string_view text,
                                      std::string* out) const {
  return Run(true, key, domain, text, out);
}

absl::Status FpeAlphabet::DecryptText(const Ff1Key& key, ByteView domain, std::string_view text,
                                      std::string* out) const {
  return Run(false, key, domain, text, out);
}

absl::Status FpeAlphabet::Read(std::string_view text, uint32_t least, Numerals* numerals) const {
  const size_t most = kept() + kFf1MostNumerals;
  while (!text.empty()) {
    char32_t point = static_cast<uint8_t>(text.front());
    if (point < ascii_.size()) {
      text.remove_prefix(1);
    } else if (!TakeCodePoint(&text, &point)) {
      return InvalidField("value", "must be UTF-8");
    }
    const uint32_t numeral = NumeralOf(point);
    if (numeral == kNoNumeral) continue;
    if (numerals->size() == most) {
      return InvalidField("value", "has more than 256 characters to encrypt");
    }
    numerals->Append(numeral);
  }
  if (numerals->size() < kept() + least) {
    return InvalidField("value", "must have " + std::to_string(kept() + least) +
                                     " characters of the alphabet at least");
  }
  return absl::OkStatus();
}

absl::Status FpeAlphabet::Run(bool encrypt, const Ff1Key& key, ByteView domain,
                              std::string_view text, std::string* out) const {
  WipeString(out);
  out->clear();
  if (domain.size() > kFpeMostDomain) return InvalidField("domain", "has more than 3,072 bytes");
  Numerals numerals;
  FIELDKMS_RETURN_IF_ERROR(Read(text, encrypt ? least_ : 2, &numerals));

  // What is kept is in `out` for all to see, and so not wiped here.
  const std::span<uint16_t> all = numerals.all();
  std::string tweak;
  tweak.reserve(kTweakHeader + domain.size() + kMostUtf8 * kept());
  tweak.resize(kTweakHeader);
  tweak[0] = kTweakVersion;
  PutU32(AsMutableBytes(tweak).data() + 1, static_cast<uint32_t>(domain.size()));
  tweak.append(AsText(domain));
  for (const uint16_t kept : all.first(keep_first_)) AppendUtf8(points_[kept], &tweak);
  for (const uint16_t kept : all.last(keep_last_)) AppendUtf8(points_[kept], &tweak);

  const auto changed = all.subspan(keep_first_, all.size() - kept());
  FIELDKMS_RETURN_IF_ERROR(encrypt ? key.Encrypt(radix(), AsBytes(tweak), changed)
                                   : key.Decrypt(radix(), AsBytes(tweak), changed));
  Write(text, numerals, out);
  return absl::OkStatus();
}

// Of a text that Read has read.
void FpeAlphabet::Write(std::string_view text, const Numerals& numerals, std::string* out) const {
  out->reserve(text.size() + growth_ * numerals.size());  // once: it would leave a text behind
  size_t next = 0;
  while (!text.empty()) {
    char32_t point = static_cast<uint8_t>(text.front());
    if (point < ascii_.size()) {
      text.remove_prefix(1);
    } else {
      TakeCodePoint(&text, &point);
    }
    const bool separator = NumeralOf(point) == kNoNumeral;
    AppendUtf8(separator ? point : points_[numerals.all()[next++]], out);
  }
}

}  // namespace fieldkms
