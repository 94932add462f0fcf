#include "clients/cli/installation.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <utility>
#include <variant>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};

std::string UserName(uid_t uid) {
  const passwd* const user = getpwuid(uid);
  return user != nullptr ? user->pw_name : std::to_string(uid);
}

absl::Status CheckThere(const Config& config) {
  const auto* const sqlite = std::get_if<SqliteStoreConfig>(&config.store);
  if (sqlite == nullptr) return absl::OkStatus();
  const std::string path = sqlite->path.empty() ? config.data_dir + "/store.db" : sqlite->path;
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kNotFound, Reason::kStoreUnavailable,
               "there is no key store at " + path);
}

}  // namespace

absl::StatusOr<Config> LoadInstallation(const std::string& config_path) {
  FIELDKMS_ASSIGN_OR_RETURN(Config config, LoadConfig(config_path));
  FIELDKMS_RETURN_IF_ERROR(SetMemoryLock(config.memory_lock));
  return config;
}

absl::StatusOr<std::unique_ptr<Store>> OpenStoreOf(const Config& config, MissingStore missing) {
  if (missing == MissingStore::kRefused) FIELDKMS_RETURN_IF_ERROR(CheckThere(config));
  return OpenStore(config.store, config.data_dir, SystemClock());
}

absl::StatusOr<std::unique_ptr<RootKey>> OpenRootOf(const Config& config, Store& store) {
  RootOpening opening;
  opening.data_dir = config.data_dir;
  opening.deadline = SystemClock().Steady() + kPatience;
  FIELDKMS_ASSIGN_OR_RETURN(const auto binding, store.GetRootBinding(opening.deadline));
  opening.has_keys = binding.has_value();
  FIELDKMS_ASSIGN_OR_RETURN(OpenedRoot opened, OpenRoot(config.root, config.also_root, opening));
  return std::move(opened.root);
}

absl::StatusOr<std::unique_ptr<RootKey>> OpenOneRoot(const RootConfig& root, const Config& config,
                                                     bool may_create) {
  RootOpening opening;
  opening.data_dir = config.data_dir;
  opening.deadline = SystemClock().Steady() + kPatience;
  opening.has_keys = !may_create;
  FIELDKMS_ASSIGN_OR_RETURN(OpenedRoot opened, OpenRoot(root, std::nullopt, opening));
  return std::move(opened.root);
}

std::string OperatorName() {
  std::string name = UserName(geteuid());
  // The audit id of the kernel: who logged in, whatever he became since.
  constexpr uid_t kNobodyLoggedIn = static_cast<uid_t>(-1);
  uid_t login = kNobodyLoggedIn;
  std::ifstream("/proc/self/loginuid") >> login;
  if (login != kNobodyLoggedIn && login != geteuid()) name = UserName(login) + "/" + name;
  std::array<char, 256> host = {};
  if (gethostname(host.data(), host.size() - 1) != 0) return name + "@";
  return name + "@" + host.data();
}

CLI::Option* AddConfigOption(CLI::App* command, std::string* path) {
  return command
      ->add_option("--config", *path, "The service's configuration file: which store, which root")
      ->type_name("FILE")
      ->required();
}

}  // namespace fieldkms
