// The sample's customers: row number in, row out, always the same.
#ifndef FIELDKMS_DEPLOY_SAMPLE_CUSTOMER_H_
#define FIELDKMS_DEPLOY_SAMPLE_CUSTOMER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fieldkms::sample {

enum Column : size_t { kFullName, kEmail, kCardNumber, kSsn, kEin, kIban, kNotes, kColumnCount };

inline constexpr std::array<std::string_view, kColumnCount> kColumnNames = {
    "full_name", "email", "card_number", "ssn", "ein", "iban", "notes"};

// The fields of a row; no value is NULL.
using Fields = std::array<std::optional<std::string>, kColumnCount>;

// A row: plaintext in table customers, envelopes in table customers_protected.
struct Row {
  int64_t id = 0;
  Fields fields;
  std::optional<std::string> card_index =
      {};  // blind index of the card number; protected rows only
  friend bool operator==(const Row&, const Row&) = default;
};

// MakeCustomer returns customer `id` (from 1): UTF-8 text with NULLs, empty
// notes and, once in a thousand rows, a note of 100,000 bytes.
Row MakeCustomer(int64_t id);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_CUSTOMER_H_
