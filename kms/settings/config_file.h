// A configuration file as a whole.
#ifndef FIELDKMS_KMS_SETTINGS_CONFIG_FILE_H_
#define FIELDKMS_KMS_SETTINGS_CONFIG_FILE_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/settings/yaml_reader.h"
#include "kms/trusted_file.h"

namespace fieldkms {

// kInvalidArgument, reason kConfigInvalid.
absl::Status ConfigError(const std::string& message);

// Reads `yaml` by `keys` into `out`. Error: ConfigError with the line, the key and the rule.
template <class T>
absl::Status ParseYaml(const std::string& yaml, std::span<const YamlKey<T>> keys, T& out) {
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (root.IsNull()) return ConfigError("the file is empty");
    ReadMapping(root, keys, out);
    return absl::OkStatus();
  } catch (const YamlError& error) {
    return ConfigError(error.what());
  } catch (const YAML::Exception& error) {
    return ConfigError("line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SETTINGS_CONFIG_FILE_H_
