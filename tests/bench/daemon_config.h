// How a daemon of the benchmarks is configured.
#ifndef FIELDKMS_TESTS_BENCH_DAEMON_CONFIG_H_
#define FIELDKMS_TESTS_BENCH_DAEMON_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace fieldkms::bench {

inline constexpr std::string_view kBenchTenant = "bench";
inline constexpr std::string_view kBenchKey = "customers.card_number";

// How durable the audit trail is: synced before each answer (what fieldkmsd ships
// with), or left to the kernel.
enum class AuditDurability { kNone, kFsync };

struct DaemonSettings {
  AuditDurability durability = AuditDurability::kFsync;
  // RLIMIT_MEMLOCK of the daemon, in bytes, within which it must lock its keys. 0: as
  // this process has it, and keys are locked where that lets them be.
  uint64_t memlock = 0;
  // A file with a connection string of the store in PostgreSQL; "": SQLite.
  std::string conninfo_file = {};
  // The local root key, made if it is missing; "": one of the daemon's own.
  std::string root_key = {};
  bool watch = true;  // whether it looks for suspicious calls
};

// DaemonConfig is a configuration file: everything in `dir`, a role that lets the
// user of this process use one tenant, a limit on items a second that is checked
// and never reached; the rest as shipped.
std::string DaemonConfig(const std::string& dir, const std::string& socket,
                         const DaemonSettings& settings);

// What it says of access, for people.
std::string DescribeAccess();

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_DAEMON_CONFIG_H_
