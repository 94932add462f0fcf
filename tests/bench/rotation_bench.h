// What the cases of rotations run: a job from its start to its end, and the bare UPDATEs that it
// comes down to.
#ifndef FIELDKMS_TESTS_BENCH_ROTATION_BENCH_H_
#define FIELDKMS_TESTS_BENCH_ROTATION_BENCH_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/worker.h"
#include "tests/bench/report.h"
#include "tests/support/job_board.h"
#include "tests/support/postgres_server.h"
#include "tests/support/rotation_bed.h"

namespace fieldkms::bench {

// How something went over a whole table.
struct TableRun {
  double seconds = 0;        // from start to end
  double sweep_seconds = 0;  // of a job: until all rows are written
  uint64_t rows = 0;
  double wal_bytes = 0;  // write-ahead log of the whole server meanwhile
  double rows_per_second() const { return static_cast<double>(rows) / seconds; }
  double wal_per_row() const { return wal_bytes / static_cast<double>(rows); }
};

// A rotation of the key, and a job under way for it, by workers of this process. Both end with it.
class RunningJob {
 public:
  RunningJob(testing::RotationBed& bed, int workers, const v1::RotationLimits& limits);
  ~RunningJob();

  // Await returns when the job has ended; Stop has the workers leave it.
  void Await();
  void Stop();
  // As its workers last reported it.
  v1::RotationJob job() const { return board_.job(); }
  // Since it began; of a job that has ended, until then.
  double seconds() const;
  // Until all rows were written; 0: they are not.
  double sweep_seconds() const { return sweep_seconds_; }

 private:
  void Observe(const rotation::WorkerNews& news);

  testing::JobBoard board_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::atomic<double> sweep_seconds_ = 0;
  std::atomic<double> ended_seconds_ = 0;
  std::vector<std::unique_ptr<rotation::Worker>> workers_;
  std::vector<std::thread> threads_;
};

// Whether the database vacuums by itself while it is measured.
enum class Upkeep { kNone, kAutovacuum };

// A PostgreSQL that syncs, a daemon, and public.cards of `rows` rows of 120 bytes or so.
class RotationBench {
 public:
  explicit RotationBench(uint64_t rows, Upkeep upkeep = Upkeep::kNone);

  // Rotates the key and has `workers` carry out the job, with these limits; an error if it does not
  // end DONE with every row changed.
  absl::StatusOr<TableRun> RunJob(int workers, const v1::RotationLimits& limits);
  // Writes bytes of the same size in place of every card, on `connections`, each its part of the
  // table, by the same statement but without comparing. `interleave`: rows of a window in so many
  // transactions, as a job does it; 1: rows in the order of their key.
  absl::StatusOr<TableRun> RunUpdates(int connections, size_t batch_rows, size_t interleave);

  // Between runs: what one has left is not another's burden.
  void Vacuum();
  // VACUUM FULL: as if nothing had been written.
  void Rewrite();

  testing::RotationBed& bed() { return *bed_; }
  const testing::PostgresServer& postgres() const { return postgres_; }
  uint64_t rows() const { return rows_; }
  Settings DescribeSettings() const;

 private:
  double WalPosition();

  const uint64_t rows_;
  const Upkeep upkeep_;
  testing::PostgresServer postgres_;
  std::unique_ptr<testing::RotationBed> bed_;
};

v1::RotationLimits NoThrottle();

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_ROTATION_BENCH_H_
