// What opens values, of an entry of a file of source keys.
#ifndef FIELDKMS_ROTATION_SOURCE_KEYS_MAKE_OPENER_H_
#define FIELDKMS_ROTATION_SOURCE_KEYS_MAKE_OPENER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "rotation/source/source_opener.h"
#include "rotation/source_keys/key_entry.h"

namespace fieldkms::rotation {

// Reads the secret that the entry names. Errors: kConfigInvalid, which names the entry's key, for
// what does not go together; those of ReadSecret.
absl::StatusOr<std::unique_ptr<const SourceOpener>> MakeOpener(const KeyEntry& entry);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_KEYS_MAKE_OPENER_H_
