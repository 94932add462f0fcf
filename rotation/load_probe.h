// LoadProbe measures what a rotation must not make worse: the load of an application's database.
#ifndef FIELDKMS_ROTATION_LOAD_PROBE_H_
#define FIELDKMS_ROTATION_LOAD_PROBE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <pqxx/row>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/checkpoint_share.h"
#include "rotation/database.h"
#include "rotation/load_sample.h"
#include "rotation/replay_lag.h"

namespace fieldkms::rotation {

// What the names of workers' sessions begin with (application_name). Sessions of this name are no
// load to their like.
inline constexpr std::string_view kWorkerApplication = "fieldkms-rotation";

// Works on PostgreSQL 13 and later. For one thread. It remembers what it measured before, for what
// shows over time only: keep it as long as the job runs.
class LoadProbe {
 public:
  // `relations`: OIDs of the tables whose dead rows matter, leaves of partitioned ones. One that is
  // gone has none.
  explicit LoadProbe(std::vector<uint32_t> relations) : relations_(std::move(relations)) {}

  // Measure takes one round trip; several, where a part of it is forbidden, which then is not
  // known. `now` is steady time, never before that of the last call.
  //
  // The lag of a standby is the longer one of what the server says, which says nothing of idle
  // ones, and of what its place says (rotation/replay_lag.h). What receives and does not replay, as
  // backups of the log do, is no standby: its slot, if it has one, says what it holds back.
  //
  // Errors: kDatabaseUnavailable and kDatabaseBusy.
  absl::StatusOr<LoadSample> Measure(Database& database, std::chrono::steady_clock::time_point now);

 private:
  struct Part;

  std::vector<Part> Parts(int server_version) const;
  absl::Status MeasureByParts(Database& database, const std::vector<Part>& parts,
                              LoadSample* sample);

  void ReadStandbys(const pqxx::row& row, LoadSample* sample);
  void ReadSlots(const pqxx::row& row, LoadSample* sample);
  void ReadSessions(const pqxx::row& row, LoadSample* sample);
  void ReadDeadRows(const pqxx::row& row, LoadSample* sample);
  void ReadCheckpoints(const pqxx::row& row, LoadSample* sample);
  void ReadHorizon(const pqxx::row& row, LoadSample* sample);

  std::vector<uint32_t> relations_;
  std::chrono::steady_clock::time_point now_;
  bool by_parts_ = false;
  ReplayLag replay_lag_;
  CheckpointShare checkpoints_;
};

// ServerCores returns how many processors the database server has, if it is on this machine: the
// session came over a Unix socket. Errors: of Database.
absl::StatusOr<std::optional<uint32_t>> ServerCores(Database& database);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_LOAD_PROBE_H_
