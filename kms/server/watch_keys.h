// The section `watch` of the configuration file.
#ifndef FIELDKMS_KMS_SERVER_WATCH_KEYS_H_
#define FIELDKMS_KMS_SERVER_WATCH_KEYS_H_

#include <span>

#include "kms/server/config.h"
#include "kms/settings/yaml_reader.h"

namespace fieldkms {

// Throws YamlError.
WatchConfig ReadWatch(const YAML::Node& node);

std::span<const YamlKey<WatchConfig>> WatchKeys();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_WATCH_KEYS_H_
