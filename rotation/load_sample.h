// What was measured of a database's load. Plain data.
#ifndef FIELDKMS_ROTATION_LOAD_SAMPLE_H_
#define FIELDKMS_ROTATION_LOAD_SAMPLE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace fieldkms::rotation {

// What is not there is not known, which is another thing than 0: a privilege is missing
// (pg_monitor has them all), or the server does not count it.
struct LoadSample {
  // Of the standby, or whatever else receives the write-ahead log, that is farthest behind; 0 where
  // there is none.
  std::optional<std::chrono::milliseconds> replication_lag;
  std::optional<uint64_t> replication_lag_bytes;
  // Bytes of write-ahead log that the slot farthest behind keeps from being removed.
  std::optional<uint64_t> slot_bytes;
  // Sessions of applications in this database, without workers of rotations, that wait for locks,
  // and that run a statement just now (those that wait, too).
  std::optional<uint32_t> lock_waits;
  std::optional<uint32_t> active_sessions;
  // Of all rows of the table that has the largest share of dead ones, and its name, quoted as in
  // SQL. Fewer than 1,000 dead rows count as none.
  std::optional<double> dead_percent;
  std::string dead_table;
  // Of the checkpoints within the last ten minutes; fewer than three count as none forced.
  std::optional<double> forced_checkpoint_percent;
  // How long the oldest transaction of this database is open that keeps dead rows from being
  // removed, prepared ones included; and how many transactions began since the oldest state that
  // something still sees, which slots and standbys can be, too. 0: there is none. No limit: a
  // warning where it is long, and then interleaved batches save no space.
  std::optional<std::chrono::seconds> oldest_transaction;
  std::optional<uint64_t> horizon_transactions;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_LOAD_SAMPLE_H_
