// fieldkms-shim: stands on a database's host, between PostgreSQL and the FieldKMS service.
#include <CLI/CLI.hpp>
#include <iostream>

#include "fieldkms/version.h"
#include "kms/observe/log.h"
#include "kms/observe/process.h"
#include "sql/shim/config.h"
#include "sql/shim/shim.h"

namespace fieldkms::shim {
namespace {

int Fail(const absl::Status& status) {
  std::cerr << "fieldkms-shim: " << status.message() << "\n";
  return kShimExitCannotStart;
}

int Main(int argc, char** argv) {
  std::string path, check;
  CLI::App app("fieldkms-shim: FieldKMS for PostgreSQL, for Vault's clients, and in JSON",
               "fieldkms-shim");
  app.set_version_flag("--version", std::string("fieldkms-shim ") + kVersion);
  auto* mode = app.add_option_group("mode");
  mode->add_option("--config", path, "Serve as this YAML file says");
  mode->add_option("--check-config", check, "Check a configuration file and exit");
  mode->require_option(1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kShimExitOk : kShimExitUsage;
  }
  if (const absl::Status hardened = HardenProcess(); !hardened.ok()) return Fail(hardened);
  const absl::StatusOr<Config> config = LoadShimConfig(check.empty() ? path : check);
  if (!config.ok()) return Fail(config.status());
  if (!check.empty()) {
    std::cout << check << ": ok\n";
    return kShimExitOk;
  }
  SetLogLevel(config->log_level);
  return RunShim(*config);
}

}  // namespace
}  // namespace fieldkms::shim

int main(int argc, char** argv) { return fieldkms::shim::Main(argc, argv); }
