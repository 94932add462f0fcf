// Formats of fields: which values are legal, and which spellings are the same value. One
// table (format.cc) that reads like the rule book: a line a format, a rule a line, each
// rule with its source.
//
// Pure: no I/O, no clock, no locale. Safe for concurrent use. Values are secrets: what is
// written to a caller's string is the caller's to wipe, and no rule and no error ever
// repeats a character of a value.
#ifndef FIELDKMS_CRYPTO_FIELD_FORMAT_H_
#define FIELDKMS_CRYPTO_FIELD_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fieldkms {

// Numbers are part of stored policies and of the API: never change one.
enum class FieldFormat : uint8_t {
  kFreeText = 1,
  kPan = 2,     // primary account number of a payment card, ISO/IEC 7812
  kCvv = 3,     // card verification value: never kept, not even encrypted (PCI DSS 3.3.1)
  kSsn = 4,     // US social security number
  kItin = 5,    // US individual taxpayer identification number
  kEin = 6,     // US employer identification number
  kNino = 7,    // UK national insurance number
  kEuVat = 8,   // VAT number of an EU state or of Northern Ireland (XI)
  kIban = 9,    // ISO 13616
  kPhone = 10,  // E.164, with the leading +
  kEmail = 11,  // RFC 5321 mailbox
  kPersonName = 12,
  kDateOfBirth = 13,    // YYYY-MM-DD
  kPostalAddress = 14,  // parts between commas or line ends; the last is an ISO 3166 country
  kJson = 15,           // RFC 8259; members are protected one by one
};

// A rule of a format. Lives in static memory; compare by id.
struct FieldRule {
  std::string_view id;      // "pan.check_digit": stable, part of the API
  std::string_view says;    // what a legal value is: "the last digit is the Luhn check digit"
  std::string_view source;  // "ISO/IEC 7812-1:2017, annex B"
};

struct CivilDay {
  int year = 0;
  int month = 0;  // 1 to 12
  int day = 0;    // 1 to 31
};

// What a rule may depend on besides the value.
struct FormatContext {
  CivilDay today;  // in UTC: no one is born after it
};

// A value in its two forms. Views.
struct FieldValue {
  std::string_view original;   // as it was given; what Reveal returns
  std::string_view canonical;  // one spelling for all that mean the same
};

struct FormatInfo {
  FieldFormat format;
  std::string_view name;       // "pan": of configuration and command lines
  std::string_view canonical;  // what the canonical form is, in words
  size_t max_bytes;            // of a value as it is given
  bool may_be_kept;            // false: no store, no ciphertext, no index
  bool may_be_indexed;         // enough distinct values for a blind index
  // The rules besides those of every value (kAnyFieldRules), in the order of checking.
  std::span<const FieldRule> rules;
  // Checks `value`, which has passed the rules of every value, and appends its canonical form
  // to `canonical`. Returns the first rule that it breaks, with part of it appended for the
  // caller to wipe, else null.
  const FieldRule* (*canonicalise)(std::string_view value, const FormatContext& context,
                                   std::string* canonical);
  // Appends the default mask of a legal value: what may be shown to whoever may see no more.
  void (*mask)(const FieldValue& value, std::string* masked);
};

// Of every format: field.empty (not of free text), field.too_long, field.utf8, field.nul.
std::span<const FieldRule> AnyFieldRules();

// All formats, in the order of their numbers; and one by number or name (null: none such).
std::span<const FormatInfo> FieldFormats();
const FormatInfo* FindFormat(FieldFormat format);
const FormatInfo* FindFormat(std::string_view name);

// CanonicaliseField checks a value by all rules of its format and replaces `canonical` by its
// canonical form; canonicalising that again gives the same (where it is no longer than values may
// be). Returns the first rule that the value breaks, with `canonical` wiped and empty, else null.
// Allocates nothing where the value is ASCII and no JSON and `canonical` has room: canonical
// forms are at most 3 times as long as values (JSON: 6 times, 1e20 being 100000000000000000000).
const FieldRule* CanonicaliseField(const FormatInfo& format, std::string_view value,
                                   const FormatContext& context, std::string* canonical);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_FORMAT_H_
