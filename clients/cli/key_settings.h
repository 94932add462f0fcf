// Options of `key create`, `key import` and `key update` about what a key is to be.
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
// The same for a key that is imported, which has no rotation period.
void AddImportedKeySettings(CLI::App* command, KeySettings* settings);

// PutSettings writes what was given into the fields of the same names of `request`. Error:
// InvalidField for what cannot be read.
absl::Status PutSettings(const KeySettings& settings, v1::CreateKeyRequest* request);
absl::Status PutSettings(const KeySettings& settings, v1::UpdateKeyRequest* request);
absl::Status PutSettings(const KeySettings& settings, v1::ImportKeyRequest* request);

// What is for ever, but audit_per_operation.
struct KeyKind {
  v1::KeyPurpose purpose = v1::KEY_PURPOSE_UNSPECIFIED;
  v1::Suite suite = v1::SUITE_UNSPECIFIED;
  bool exportable = false;
  bool audit_per_operation = false;
};
void AddKeyKind(CLI::App* command, KeyKind* kind);
void PutKind(const KeyKind& kind, v1::CreateKeyRequest* request);
void PutKind(const KeyKind& kind, v1::ImportKeyRequest* request);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_KEY_SETTINGS_H_
