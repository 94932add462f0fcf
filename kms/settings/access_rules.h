// Rules of access as configuration files say them: the daemon's, and those of programs that stand
// before it and allow less.
#ifndef FIELDKMS_KMS_SETTINGS_ACCESS_RULES_H_
#define FIELDKMS_KMS_SETTINGS_ACCESS_RULES_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "kms/access/access_rules.h"
#include "kms/settings/yaml_reader.h"

namespace fieldkms {

// Roles, each a list of rules, by name. Throws YamlError, also for a rule that would allow nothing.
std::map<std::string, std::vector<AccessRule>> ReadAccessRoles(const YAML::Node& node);

// The keys of one rule, for manuals.
std::span<const YamlKey<AccessRule>> AccessRuleKeys();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SETTINGS_ACCESS_RULES_H_
