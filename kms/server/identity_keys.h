// The sections of the configuration file that say who may come from a network, and as whom.
#ifndef FIELDKMS_KMS_SERVER_IDENTITY_KEYS_H_
#define FIELDKMS_KMS_SERVER_IDENTITY_KEYS_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kms/server/config.h"
#include "kms/settings/yaml_reader.h"

namespace fieldkms {

// Each throws YamlError.
void ReadTls(const YAML::Node& node, Config& config);      // listen.tls
void ReadIssuers(const YAML::Node& node, Config& config);  // tokens
// access.principals.NAME.certificates, and .tokens.
std::vector<std::string> ReadCertificateNames(const YAML::Node& node);
std::vector<std::string> ReadTokenNames(const YAML::Node& node);

// What these sections and principals say of each other. Error: kInvalidArgument, kConfigInvalid.
absl::Status CheckIdentities(const Config& config);

std::span<const YamlKey<TlsConfig>> TlsKeys();
std::span<const YamlKey<IssuerSource>> IssuerKeys();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_IDENTITY_KEYS_H_
