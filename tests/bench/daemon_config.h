// How a daemon of the benchmarks is configured.
#ifndef FIELDKMS_TESTS_BENCH_DAEMON_CONFIG_H_
#define FIELDKMS_TESTS_BENCH_DAEMON_CONFIG_H_

#include <string>
#include <string_view>

namespace fieldkms::bench {

inline constexpr std::string_view kBenchTenant = "bench";
inline constexpr std::string_view kBenchKey = "customers.card_number";

// How durable the audit trail is: synced before each answer (what fieldkmsd ships
// with), or left to the kernel.
enum class AuditDurability { kNone, kFsync };

// DaemonConfig is a configuration file: everything in `dir`, a role that lets the
// user of this process use one tenant, a limit on items a second that is checked
// and never reached; the rest as shipped.
std::string DaemonConfig(const std::string& dir, const std::string& socket,
                         AuditDurability durability);

// What it says of access, for people.
std::string DescribeAccess();

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_DAEMON_CONFIG_H_
