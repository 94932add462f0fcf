// Strings as the bytes that the extension's C takes, and back.
#ifndef FIELDKMS_TESTS_UNIT_SQL_EXTENSION_BYTES_OF_H_
#define FIELDKMS_TESTS_UNIT_SQL_EXTENSION_BYTES_OF_H_

#include <string>
#include <string_view>

#include "sql/extension/bytes.h"

namespace fieldkms::testing {

// A view: of an empty string, too, it is not absent.
inline KmsBytes BytesOf(std::string_view text) {
  return kms_bytes(text.data() == nullptr ? "" : text.data(), text.size());
}

inline std::string TextOf(KmsBytes bytes) { return std::string(bytes.data, bytes.size); }

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_SQL_EXTENSION_BYTES_OF_H_
