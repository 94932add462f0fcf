#include "tests/support/replicas.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace fieldkms::testing {
namespace {

std::string ConfigOf(const std::string& data, const std::string& root_key,
                     const std::string& conninfo_file, const std::string& more) {
  return "data_dir: " + data + "\nlisten: {unix: " + data +
         "/fieldkmsd.sock}\nmemory: {lock: preferred}\n"
         "root: {local: {path: " +
         root_key +
         ", create_if_missing: true}}\nstore: {postgres: {conninfo_file: " + conninfo_file +
         "}}\n" + more +
         "access:\n  roles:\n    all:\n      - actions: [encrypt, decrypt, rewrap, key.create, "
         "key.read, key.rotate, key.update, key.disable, key.destroy, alias.set, tenant.create, "
         "tenant.read, tenant.rotate_kek, root.rotate, operation.read, system.read, key.import]\n"
         "        tenants: [\"*\"]\n        keys: [\"*\"]\n"
         "  principals:\n    test: {users: [" +
         std::to_string(getuid()) + "], roles: [all]}\n";
}

}  // namespace

Replicas::Replicas(const std::vector<std::string>& conninfos, const std::string& more) {
  for (size_t i = 0; i < conninfos.size(); ++i) {
    const std::string name = std::to_string(i);
    const std::string data = directory_.File("data-" + name);
    const std::string conninfo_file = directory_.File("conninfo-" + name);
    WriteFile(conninfo_file, conninfos[i] + "\n");
    chmod(conninfo_file.c_str(), 0600);
    const std::string config = directory_.File("config-" + name + ".yaml");
    WriteFile(config, ConfigOf(data, directory_.File("root.key"), conninfo_file, more));
    daemons_.push_back(std::make_unique<Daemon>(DaemonOptions{data, {"--config", config}, {}, {}}));
  }
}

void Replicas::Start() {
  for (const auto& daemon : daemons_) {
    const absl::Status started = daemon->Start();
    if (!started.ok()) throw std::runtime_error(std::string(started.message()));
  }
}

}  // namespace fieldkms::testing
