// Values of configuration files that mean something to the system: paths, users, modes, addresses.
#ifndef FIELDKMS_KMS_SETTINGS_SYSTEM_VALUES_H_
#define FIELDKMS_KMS_SETTINGS_SYSTEM_VALUES_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "kms/settings/yaml_reader.h"

namespace fieldkms {

// Each throws YamlError for what is not one.
std::string ReadAbsolutePath(const YAML::Node& node);
std::vector<std::string> ReadAbsolutePaths(const YAML::Node& node);
// "127.0.0.1:9464", or "[::1]:9464". `least`: 0 where the system may choose the port.
std::string ReadLoopbackAddress(const YAML::Node& node, unsigned least = 1);
// "0.0.0.0:9443", "[::]:9443": an address in numbers and a port.
std::string ReadAddress(const YAML::Node& node);
// "0660": of a socket; it must be one that its owner can use.
mode_t ReadMode(const YAML::Node& node);
// A group by its name.
gid_t ReadGroup(const YAML::Node& node);
// A list of users by names or numbers, or a single one.
std::vector<uid_t> ReadUsers(const YAML::Node& node);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SETTINGS_SYSTEM_VALUES_H_
