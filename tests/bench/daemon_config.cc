#include "tests/bench/daemon_config.h"

#include <fmt/format.h>
#include <unistd.h>

namespace fieldkms::bench {

std::string DaemonConfig(const std::string& dir, const std::string& socket,
                         const DaemonSettings& settings) {
  const std::string root_key = settings.root_key.empty() ? dir + "/root.key" : settings.root_key;
  const std::string store =
      settings.conninfo_file.empty()
          ? ""
          : fmt::format("store: {{postgres: {{conninfo_file: {}}}}}\n", settings.conninfo_file);
  return fmt::format(R"(data_dir: {0}/data
listen:
  unix: {1}
  mode: "0600"
root:
  local:
    path: {2}
    create_if_missing: true
{3}audit:
  durability: {4}
watch:
  enabled: {8}
memory:
  lock: {5}
access:
  roles:
    bench:
      - actions: [encrypt, decrypt, key.create, key.rotate, lease.acquire, tenant.create,
                  field.create, field.index, field.protect, field.tokenize]
        tenants: [{6}]
        keys: ["*"]
        fields: ["*"]
  principals:
    bench:
      users: [{7}]
      roles: [bench]
      items_per_second: 100000000
)",
                     dir, socket, root_key, store,
                     settings.durability == AuditDurability::kNone ? "none" : "fsync",
                     settings.memlock > 0 ? "required" : "preferred", kBenchTenant, ::geteuid(),
                     settings.watch);
}

std::string DescribeAccess() {
  return "Unix peer credentials, a role of one rule, token bucket of 100,000,000 items/s";
}

}  // namespace fieldkms::bench
