#include "tests/bench/daemon_config.h"

#include <fmt/format.h>
#include <unistd.h>

namespace fieldkms::bench {

std::string DaemonConfig(const std::string& dir, const std::string& socket,
                         AuditDurability durability) {
  return fmt::format(R"(data_dir: {0}/data
listen:
  unix: {1}
  mode: "0600"
root:
  local:
    create_if_missing: true
audit:
  durability: {2}
memory:
  lock: preferred
access:
  roles:
    bench:
      - actions: [encrypt, decrypt, key.create, tenant.create]
        tenants: [{3}]
        keys: ["*"]
  principals:
    bench:
      users: [{4}]
      roles: [bench]
      items_per_second: 100000000
)",
                     dir, socket, durability == AuditDurability::kNone ? "none" : "fsync",
                     kBenchTenant, ::geteuid());
}

std::string DescribeAccess() {
  return "Unix peer credentials, a role of one rule, token bucket of 100,000,000 items/s";
}

}  // namespace fieldkms::bench
