// Installations with a real daemon each, and the commands of their operator.
#ifndef FIELDKMS_TESTS_INTEGRATION_BACKUP_INSTALLATION_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_BACKUP_INSTALLATION_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "clients/cpp/client.h"
#include "tests/support/daemon.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

inline constexpr char kLocalRoot[] = "{local: {create_if_missing: true}}";

// A daemon with a configuration file. Not thread-safe, but for Encrypt and what follows it.
class Served {
 public:
  // `store`: of YAML, "" for the file in its data directory.
  Served(const std::string& name, const std::string& root, const std::string& store = "");

  // (Re)starts the daemon, with other roots if they are given.
  void Start();
  void StartOn(const std::string& root, const std::string& also_root = "");
  // Writes the configuration, and leaves the daemon as it runs.
  void Configure(const std::string& root, const std::string& also_root = "");
  void Stop() { daemon_.reset(); }

  const std::string& config() const { return config_; }
  std::string data_dir() const { return dir_.File("data"); }
  std::string File(const std::string& name) const { return dir_.File(name); }
  std::string PrivateFile(const std::string& name, const std::string& content) const;
  std::string target() const { return daemon_->target(); }

  absl::Status CreateTenant(const std::string& tenant);
  absl::Status CreateKey(const std::string& tenant, const std::string& key);
  absl::Status RotateKey(const std::string& tenant, const std::string& key);
  absl::StatusOr<std::string> Encrypt(const std::string& tenant, const std::string& key);
  absl::Status Decrypt(const std::string& tenant, const std::string& ciphertext);

 private:
  const TempDir dir_;
  const std::string config_;
  const std::string store_;
  std::unique_ptr<Daemon> daemon_;
  std::shared_ptr<Client> client_;
};

// A store in a PostgreSQL of this test binary, as YAML.
std::string PostgresStoreYaml(const std::string& conninfo_file);

// Runs fieldkms.
CommandResult Cli(std::vector<std::string> arguments);
// The same, for a command that is to succeed, with --json: its result.
nlohmann::json CliJson(std::vector<std::string> arguments);

void Await(const std::function<bool()>& true_now);

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_BACKUP_INSTALLATION_FIXTURE_H_
