// Options of `key create` and `key update` about what can change of a key.
#ifndef FIELDKMS_CLIENTS_CLI_KEY_SETTINGS_H_
#define FIELDKMS_CLIENTS_CLI_KEY_SETTINGS_H_

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fieldkms/v1/key_service.pb.h"

namespace fieldkms {

// As they were given; "" and 0 where they were not.
struct KeySettings {
  std::vector<std::string> labels;  // NAME=VALUE
  std::string rotation_period;
  uint32_t lease_seconds = 0;
  uint64_t lease_messages = 0;
};
void AddKeySettings(CLI::App* command, KeySettings* settings);

// PutSettings writes what was given into the fields of the same names of `request`. Error:
// InvalidField for what cannot be read.
absl::Status PutSettings(const KeySettings& settings, v1::CreateKeyRequest* request);
absl::Status PutSettings(const KeySettings& settings, v1::UpdateKeyRequest* request);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_KEY_SETTINGS_H_
