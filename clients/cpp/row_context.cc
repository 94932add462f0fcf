#include "clients/cpp/row_context.h"

#include <array>
#include <cstdint>

#include "crypto/bytes.h"

namespace fieldkms {

std::string RowKey(std::span<const std::string_view> key_columns) {
  std::string key;
  for (const std::string_view column : key_columns) {
    std::array<uint8_t, 4> length;
    PutU32(length.data(), static_cast<uint32_t>(column.size()));
    key.append(AsText(length)).append(column);
  }
  return key;
}

std::string RowKey(std::string_view key_column) { return RowKey(std::span(&key_column, 1)); }

}  // namespace fieldkms
