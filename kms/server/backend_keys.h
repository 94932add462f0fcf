// The keys of the configuration file about the root of trust and the store.
#ifndef FIELDKMS_KMS_SERVER_BACKEND_KEYS_H_
#define FIELDKMS_KMS_SERVER_BACKEND_KEYS_H_

#include <span>

#include "kms/backends/backends.h"
#include "kms/settings/yaml_reader.h"

namespace fieldkms {

// A mapping with exactly one section: the kind of root, or of store.
RootConfig ReadRoot(const YAML::Node& node);
StoreConfig ReadStore(const YAML::Node& node);

// For the manual: paths below "root." and "store.".
struct BackendKeyInfo {
  std::string_view path, type, default_value;
};
std::vector<BackendKeyInfo> RootKeys();
std::vector<BackendKeyInfo> StoreKeys();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_BACKEND_KEYS_H_
