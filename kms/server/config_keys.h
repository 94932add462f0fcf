// The keys of the configuration file: the one list that parsing and the manual's
// test share.
#ifndef FIELDKMS_KMS_SERVER_CONFIG_KEYS_H_
#define FIELDKMS_KMS_SERVER_CONFIG_KEYS_H_

#include <span>

#include "kms/server/config.h"
#include "kms/settings/yaml_reader.h"

namespace fieldkms {

std::span<const YamlKey<Config>> ConfigSchema();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_CONFIG_KEYS_H_
