// fieldkmsd: the FieldKMS service.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "kms/observe/log.h"
#include "kms/observe/process.h"
#include "kms/rpc/tls.h"
#include "kms/server/config.h"
#include "kms/server/daemon.h"
#include "kms/server/sandbox.h"

namespace fieldkms {
namespace {

struct Options {
  std::string config, check_config, data_dir;
  bool dev = false;
};

int Fail(const absl::Status& status) {
  std::cerr << "fieldkmsd: " << status.message() << "\n";
  return kExitCannotStart;
}

int CheckConfig(const std::string& path) {
  const absl::StatusOr<Config> config = LoadConfig(path);
  if (!config.ok()) return Fail(config.status());
  std::cout << path << ": ok\n";
  return kExitOk;
}

int ServeConfined(const Config& config) {
  const absl::Status confined = EnterSandbox(config);
  return confined.ok() ? RunDaemon(config) : Fail(confined);
}

int Serve(const Options& options) {
  AllowTls13Only();
  const absl::Status hardened = HardenProcess();
  if (!hardened.ok()) return Fail(hardened);
  if (options.dev) {
    return ServeConfined(DevConfig(std::filesystem::absolute(options.data_dir).string()));
  }
  const absl::StatusOr<Config> config = LoadConfig(options.config);
  if (!config.ok()) return Fail(config.status());
  SetLogLevel(config->log_level);
  return ServeConfined(*config);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("fieldkmsd: encrypts fields with keys that never leave it", "fieldkmsd");
  app.set_version_flag("--version", "fieldkmsd " FIELDKMS_VERSION);
  auto* mode = app.add_option_group("mode");
  auto* config = mode->add_option("--config", options.config, "Serve as this YAML file says");
  mode->add_option("--check-config", options.check_config, "Check a configuration file and exit");
  auto* dev = mode->add_flag("--dev", options.dev, "Serve for development: NOT FOR PRODUCTION");
  mode->require_option(1);
  auto* data_dir = app.add_option("--data-dir", options.data_dir, "Directory of --dev");
  dev->needs(data_dir);
  data_dir->excludes(config);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  if (!options.check_config.empty()) return CheckConfig(options.check_config);
  return Serve(options);
}

}  // namespace
}  // namespace fieldkms

int main(int argc, char** argv) { return fieldkms::Main(argc, argv); }
