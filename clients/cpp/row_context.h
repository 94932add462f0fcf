// The context of a value in a database row: what `pk` holds, by convention.
#ifndef FIELDKMS_CLIENTS_CPP_ROW_CONTEXT_H_
#define FIELDKMS_CLIENTS_CPP_ROW_CONTEXT_H_

#include <span>
#include <string>
#include <string_view>

namespace fieldkms {

// RowKey returns the value of the context entry `pk` for a row with these values of
// its primary key, as text in UTF-8, in the order of the key's index: for each
// column its length in four bytes, big-endian, and its bytes (crypto/FORMAT.md).
// Lengths keep ("a", "bc") and ("ab", "c") apart. Give each value the one text that
// the database has for it: "1" and "01" are two rows.
std::string RowKey(std::span<const std::string_view> key_columns);
// Of a key of one column.
std::string RowKey(std::string_view key_column);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_ROW_CONTEXT_H_
