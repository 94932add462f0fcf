// What `fieldkms doctor` looks at. Each check is a finding with advice; none
// changes anything.
#ifndef FIELDKMS_CLIENTS_CLI_DOCTOR_H_
#define FIELDKMS_CLIENTS_CLI_DOCTOR_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "kms/clock.h"

namespace fieldkms {

enum class Level { kOk, kWarn, kFail };
std::string_view LevelName(Level level);  // "ok", "warn", "fail"

struct Finding {
  std::string check;  // stable name, such as "socket"
  Level level = Level::kOk;
  std::string detail;
  std::string advice;  // empty where all is well
};

// Who listens on a socket.
struct SocketPeer {
  pid_t pid = 0;
  uid_t uid = 0;
};

// The socket's file: is it there, a socket, in a directory that others cannot
// write to; and does somebody listen. `peer` is set if so.
Finding CheckSocket(const std::string& path, std::optional<SocketPeer>* peer);

// Health, asked again until `wait` is over while it is not serving.
Finding CheckService(Client* client, std::chrono::milliseconds wait);

// Whether the caller has any rights: a listing of tenants, one long.
Finding CheckAccess(Client* client);

// What the service says of its store, its root of trust and its memory (GetStatus).
std::vector<Finding> CheckStatus(Client* client);
// The same of a status at hand.
std::vector<Finding> FindingsOf(const v1::GetStatusResponse& status);

// Rotations of the tenants that the caller may read: schedules that make no job when they should,
// or whose last job is overdue, and jobs that have failed and were not made good. Of each tenant
// the newest jobs are looked at.
std::vector<Finding> CheckRotations(Client* client);

// Of one tenant: its schedules, and its jobs, newest first.
struct TenantRotations {
  std::vector<v1::RotationSchedule> schedules;
  std::vector<v1::RotationJob> jobs;
};
// What is wrong with them at `now`; empty: nothing.
std::vector<Finding> FindingsOf(const TenantRotations& rotations, WallTime now);

// Limits of the process `pid`, as the kernel states them: memory to lock keys
// into, and core dumps, which must be off.
std::vector<Finding> CheckLimits(pid_t pid);

// LimitOf reads the soft limit `name` out of the text of /proc/PID/limits; nothing
// if it is not there, SIZE_MAX for "unlimited".
std::optional<size_t> LimitOf(std::string_view limits, std::string_view name);

// A daemon's data directory: permissions of it and of the root key, owners, space.
std::vector<Finding> CheckDataDirectory(const std::string& path,
                                        const std::optional<SocketPeer>& peer);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_DOCTOR_H_
