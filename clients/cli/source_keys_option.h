// --source-keys: what workers open values of other tools with.
#ifndef FIELDKMS_CLIENTS_CLI_SOURCE_KEYS_OPTION_H_
#define FIELDKMS_CLIENTS_CLI_SOURCE_KEYS_OPTION_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rotation/source/source_keys.h"

namespace fieldkms {

CLI::Option* AddSourceKeysOption(CLI::App* command, std::string* path);

// Null where no file was given. Errors: those of ReadSourceKeys.
absl::StatusOr<std::shared_ptr<const rotation::SourceKeys>> SourceKeysOf(const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_SOURCE_KEYS_OPTION_H_
