// The file of --source-keys, which says what a worker opens values of other tools with. It names
// files that hold secrets, and has none itself; docs/rotation.md has its keys.
#ifndef FIELDKMS_ROTATION_SOURCE_KEYS_READ_SOURCE_KEYS_H_
#define FIELDKMS_ROTATION_SOURCE_KEYS_READ_SOURCE_KEYS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rotation/source/source_keys.h"

namespace fieldkms::rotation {

// Reads the file, which others than its owner may not write, and the secrets that it names, which
// others may not even read (ReadSecret). Connects to nothing. Errors: kConfigInvalid, with the
// line, the key and the rule, or the path; those of ReadSecret.
absl::StatusOr<std::shared_ptr<const SourceKeys>> ReadSourceKeys(const std::string& path);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_KEYS_READ_SOURCE_KEYS_H_
