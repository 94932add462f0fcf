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
         "tenant.read, tenant.rotate_kek, root.rotate, operation.read, system.read, key.import, "
         "field.create, field.update, field.mask, field.tokenize, field.detokenize, "
         "field.erase, rotation.read, rotation.manage, rotation.work]\n"
         "        tenants: [\"*\"]\n        keys: [\"*\"]\n        fields: [\"*\"]\n"
         "        mask_level: full\n"
         "  principals:\n    test: {users: [" +
         std::to_string(getuid()) + "], roles: [all]}\n";
}

}  // namespace

std::string Replicas::DataOf(size_t index) const {
  return directory_.File("data-" + std::to_string(index));
}

std::string Replicas::PeersOf(size_t index, size_t count) const {
  std::string sockets;
  for (size_t i = 0; i < count; ++i) {
    if (i != index) sockets += (sockets.empty() ? "" : ", ") + DataOf(i) + "/fieldkmsd.sock";
  }
  return "volatile: {peers: [" + sockets + "]}\n";
}

Replicas::Replicas(const std::vector<std::string>& conninfos, const std::string& more) {
  for (size_t i = 0; i < conninfos.size(); ++i) {
    const std::string name = std::to_string(i);
    const std::string data = DataOf(i);
    const std::string conninfo_file = directory_.File("conninfo-" + name);
    WriteFile(conninfo_file, conninfos[i] + "\n");
    chmod(conninfo_file.c_str(), 0600);
    const std::string config = directory_.File("config-" + name + ".yaml");
    WriteFile(config, ConfigOf(data, directory_.File("root.key"), conninfo_file,
                               PeersOf(i, conninfos.size()) + more));
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
