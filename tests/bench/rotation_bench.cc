#include "tests/bench/rotation_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/array.h"
#include "rotation/database.h"
#include "rotation/range_runner.h"

namespace fieldkms::bench {
namespace {

using fieldkms::testing::RotationBed;
using rotation::Database;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// What a sweep is over at.
bool IsBehindSweep(const v1::RotationJob& job) {
  return job.progress().phase() > v1::ROTATION_PHASE_SWEEP;
}

// A new version of the key, and what a job for it has to reach.
rotation::Target NewTarget(RotationBed& bed) {
  bed.Rotate();
  return bed.Target();
}

std::vector<std::string> SettingsOf(Upkeep upkeep) {
  std::vector<std::string> settings = {"fsync=on", "shared_buffers=512MB", "max_wal_size=8GB",
                                       "checkpoint_timeout=30min"};
  if (upkeep == Upkeep::kNone) settings.push_back("autovacuum=off");
  return settings;
}

// Overwrites the cards of ids from `begin` to, and without, `end`.
class BareUpdates {
 public:
  BareUpdates(Database& database, size_t card_size) : database_(database), card_size_(card_size) {}

  absl::Status Run(uint64_t begin, uint64_t end, size_t batch_rows, size_t interleave) {
    for (uint64_t at = begin; at < end; at += batch_rows * interleave) {
      const uint64_t window_end = std::min<uint64_t>(end, at + batch_rows * interleave);
      for (size_t part = 0; part < interleave; ++part) {
        FIELDKMS_RETURN_IF_ERROR(Update(at + part, window_end, interleave));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Update(uint64_t begin, uint64_t end, size_t step) {
    if (begin >= end) return absl::OkStatus();
    const size_t count = (end - begin + step - 1) / step;
    std::vector<PostgresArray> arrays;
    PostgresArray ids(PostgresArray::Type::kText, count);
    PostgresArray cards(PostgresArray::Type::kBytea, count);
    for (uint64_t id = begin; id < end; id += step) {
      ids.AddBytes(std::to_string(id));
      cards.AddBytes(FreshBytes());
    }
    arrays.push_back(std::move(ids));
    arrays.push_back(std::move(cards));
    return database_.Write([&](rotation::Transaction& transaction) {
      transaction.Run(
          "UPDATE ONLY public.cards AS t SET card = d.card FROM unnest($1::text[], $2::bytea[]) "
          "AS d(id, card) WHERE t.id = d.id::bigint",
          {}, arrays);
      return absl::OkStatus();
    });
  }

  const std::string& FreshBytes() {
    bytes_.resize(card_size_);
    for (size_t i = 0; i + sizeof(uint64_t) <= bytes_.size(); i += sizeof(uint64_t)) {
      const uint64_t bits = random_();
      bytes_.replace(i, sizeof bits, reinterpret_cast<const char*>(&bits), sizeof bits);
    }
    return bytes_;
  }

  Database& database_;
  const size_t card_size_;
  std::string bytes_;
  std::mt19937_64 random_{std::random_device()()};
};

}  // namespace

v1::RotationLimits NoThrottle() {
  v1::RotationLimits limits;
  limits.set_unlimited(true);
  return limits;
}

RunningJob::RunningJob(RotationBed& bed, int workers, const v1::RotationLimits& limits)
    : board_(bed.client(), RotationBed::kTenant, RotationBed::kKey, NewTarget(bed)) {
  board_.Change([&](v1::RotationJob* job) { *job->mutable_spec()->mutable_limits() = limits; });
  for (int i = 0; i < workers; ++i) {
    rotation::WorkerOptions options;
    options.conninfo = bed.conninfo();
    options.tenant = RotationBed::kTenant;
    options.job_id = job().job_id();
    options.name = fmt::format("bench {}", i);
    options.beat = std::chrono::milliseconds(200);
    workers_.push_back(std::make_unique<rotation::Worker>(
        options, board_.Calls(), [this](const rotation::WorkerNews& news) { Observe(news); }));
  }
  for (const auto& worker : workers_) {
    threads_.emplace_back([&worker] { worker->Run().IgnoreError(); });
  }
}

RunningJob::~RunningJob() { Stop(); }

void RunningJob::Observe(const rotation::WorkerNews& news) {
  double none = 0;
  if (IsBehindSweep(news.job)) sweep_seconds_.compare_exchange_strong(none, SecondsSince(begin_));
  none = 0;
  if (news.job.state() != v1::ROTATION_STATE_RUNNING) {
    ended_seconds_.compare_exchange_strong(none, SecondsSince(begin_));
  }
}

void RunningJob::Await() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void RunningJob::Stop() {
  for (const auto& worker : workers_) worker->Stop();
  Await();
}

double RunningJob::seconds() const {
  const double ended = ended_seconds_;
  return ended > 0 ? ended : SecondsSince(begin_);
}

RotationBench::RotationBench(uint64_t rows, Upkeep upkeep)
    : rows_(rows),
      upkeep_(upkeep),
      postgres_(SettingsOf(upkeep)),
      bed_(std::make_unique<RotationBed>(postgres_)) {
  bed_->MakeCards(rows);
  Rewrite();
}

void RotationBench::Vacuum() {
  bed_->Sql("VACUUM ANALYZE public.cards");
  bed_->Sql("CHECKPOINT");
}

void RotationBench::Rewrite() {
  bed_->Sql("VACUUM FULL ANALYZE public.cards");
  // Hint bits and the visibility map, which the first scan would write.
  Vacuum();
}

double RotationBench::WalPosition() {
  return std::stod(bed_->Sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0]);
}

absl::StatusOr<TableRun> RotationBench::RunJob(int workers, const v1::RotationLimits& limits) {
  const double wal = WalPosition();
  RunningJob running(*bed_, workers, limits);
  running.Await();
  TableRun run{.seconds = running.seconds(),
               .sweep_seconds = running.sweep_seconds(),
               .rows = rows_,
               .wal_bytes = WalPosition() - wal};
  const v1::RotationJob job = running.job();
  if (job.state() != v1::ROTATION_STATE_DONE) return absl::InternalError(job.error());
  if (job.outcome().counts().changed() != rows_) {
    return absl::InternalError("the job did not change every row once");
  }
  return run;
}

absl::StatusOr<TableRun> RotationBench::RunUpdates(int connections, size_t batch_rows,
                                                   size_t interleave) {
  const size_t size =
      std::stoul(bed_->Sql("SELECT octet_length(card) FROM public.cards "
                           "WHERE id = 1")[0][0]);
  const double wal = WalPosition();
  const auto begin = Clock::now();
  std::vector<absl::Status> results(static_cast<size_t>(connections));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      auto database = Database::Connect(bed_->conninfo(), "bench");
      if (!database.ok()) {
        results[i] = database.status();
        return;
      }
      const uint64_t count = results.size();
      results[i] =
          BareUpdates(**database, size)
              .Run(1 + rows_ * i / count, 1 + rows_ * (i + 1) / count, batch_rows, interleave);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& result : results) FIELDKMS_RETURN_IF_ERROR(result);
  return TableRun{.seconds = SecondsSince(begin), .rows = rows_, .wal_bytes = WalPosition() - wal};
}

Settings RotationBench::DescribeSettings() const {
  return {{"table",
           fmt::format("{} rows: bigint primary key, a card of 80 bytes or so, a note", rows_)},
          {"database",
           fmt::format("PostgreSQL on the same machine, over a Unix socket; fsync and "
                       "synchronous_commit on, 512 MB of buffers, no checkpoint and {} during a "
                       "run, vacuumed between",
                       upkeep_ == Upkeep::kNone ? "no autovacuum" : "autovacuum each second")},
          {"service", "fieldkmsd on the same machine; audit: one record a call, synced"},
          {"leases", "none: every value is rewrapped by the service"}};
}

}  // namespace fieldkms::bench
