// An installation as a command works on it: not through its service, but on its store and root,
// as the service's configuration file names them. A service may run beside.
#ifndef FIELDKMS_CLIENTS_CLI_INSTALLATION_H_
#define FIELDKMS_CLIENTS_CLI_INSTALLATION_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kms/backends/backends.h"
#include "kms/server/config.h"

namespace fieldkms {

// Whether a store that is not there is made, as the service would at its first start.
enum class MissingStore { kRefused, kMade };

// LoadInstallation reads a configuration file, and locks memory for keys as it says.
absl::StatusOr<Config> LoadInstallation(const std::string& config_path);

absl::StatusOr<std::unique_ptr<Store>> OpenStoreOf(const Config& config, MissingStore missing);

// OpenRootOf opens root and also_root, whichever wrapped.
absl::StatusOr<std::unique_ptr<RootKey>> OpenRootOf(const Config& config, Store& store);

// OpenOneRoot opens one by itself. `may_create`: what its own create_if_missing allows.
absl::StatusOr<std::unique_ptr<RootKey>> OpenOneRoot(const RootConfig& root, const Config& config,
                                                     bool may_create);

// "USER@HOST": who runs this, as the machine knows; with the user who logged in before it,
// where that is another ("alice/fieldkms@db1").
std::string OperatorName();

CLI::Option* AddConfigOption(CLI::App* command, std::string* path);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_INSTALLATION_H_
