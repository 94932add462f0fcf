// fieldkms-shim and the daemon behind it, each a process of its own, as in production.
#ifndef FIELDKMS_TESTS_BENCH_SHIM_PROCESS_H_
#define FIELDKMS_TESTS_BENCH_SHIM_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "tests/bench/report.h"
#include "tests/bench/server_process.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {

// Keys of kBenchTenant: one whose policy allows leases, and one whose does not.
inline constexpr char kLeasedKey[] = "sql.leased";
inline constexpr char kUnleasedKey[] = "sql.unleased";

// Both end with it.
class ShimProcess {
 public:
  enum class Peers {
    kDatabase,  // the user of a PostgresServer, and this one, are a database server's
    kPrograms,  // this process's user is a program, and Vault's API is served
  };

  // Returns when the shim serves and the keys are there. Errors: those of the two programs, with
  // their logs.
  static absl::StatusOr<std::unique_ptr<ShimProcess>> Start(Peers peers,
                                                            AuditDurability durability);

  const std::string& socket() const { return socket_; }
  // A directory that everybody may enter, with the socket in it.
  const std::string& directory() const { return dir_.path(); }
  Client& client() { return *client_; }
  std::shared_ptr<ServerProcess> daemon() const { return daemon_; }

  // An error unless the shim's audit trail says that its last call was (or was not) done with a
  // lease: else another thing would be measured than is said.
  absl::Status CheckLastCall(bool leased) const;

  // Audit, access and memory of both, for people.
  Settings DescribeSecurity(bool leases) const;

 private:
  ShimProcess() = default;
  absl::Status MakeKeys();
  absl::Status Launch(Peers peers);

  fieldkms::testing::TempDir dir_;
  std::string socket_ = dir_.File("shim.sock");
  AuditDurability durability_ = AuditDurability::kFsync;
  std::shared_ptr<ServerProcess> daemon_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<fieldkms::testing::Subprocess> shim_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_SHIM_PROCESS_H_
