// What the service has to say of a column that is to be registered: its keys by their own names,
// the field's id.
#ifndef FIELDKMS_ROTATION_COLUMN_KEYS_H_
#define FIELDKMS_ROTATION_COLUMN_KEYS_H_

#include <string>

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {

// Keys by name or alias; one of `key` and `field`. "": not given.
struct KeyChoice {
  std::string tenant;
  std::string key;
  std::string field;
  std::string index_key;
};

// Puts keys into the column, by their own names, which jobs look for, and the field's id. A field
// says the key: of shape fpe that of its FPE policy; and that of its blind index, where there is a
// column for it and no other key was given. Errors: InvalidField for "key", "field" or "index_key";
// those of GetKey and GetField; kKeyPurpose, kFieldPolicy.
absl::Status PutKeys(Client& client, const KeyChoice& choice, ProtectedColumn* column);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_COLUMN_KEYS_H_
