// What tests of faults of rotations have in common: a table, its application, jobs of a real
// service, workers, and what must be true when all is over.
#ifndef FIELDKMS_TESTS_FAULT_ROTATION_FIXTURE_H_
#define FIELDKMS_TESTS_FAULT_ROTATION_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/rotation_client.h"
#include "fieldkms/v1/rotation_service.pb.h"
#include "rotation/service_calls.h"
#include "rotation/worker.h"
#include "tests/fault/rotation_application.h"
#include "tests/support/job_board.h"
#include "tests/support/postgres_server.h"
#include "tests/support/rotation_bed.h"
#include "tests/support/subprocess.h"

namespace fieldkms::testing {

// Ten rounds, or a hundred in a soak (FIELDKMS_SOAK); or FIELDKMS_FAULT_ROUNDS.
uint64_t Rounds();

// `calls`, each with `before` called before it, and its result given instead where it is an error.
rotation::ServiceCalls Before(const rotation::ServiceCalls& calls,
                              const std::function<absl::Status()>& before);

class RotationFault : public ::testing::Test {
 protected:
  // Prints the seed.
  explicit RotationFault(PostgresServer& server = PostgresServer::Shared());

  RotationBed& bed() { return bed_; }
  RotationClient& rotations() { return rotations_; }
  // Jobs are kept by a JobBoard from now on, and not by the service, where the barrier of each
  // takes two seconds. One job at a time then, of workers of this process.
  void KeepJobsInMemory() { in_memory_ = true; }
  // Of each worker's time, in jobs of the service's: for those that are to last.
  void SetBusyPercent(uint32_t percent) { busy_percent_ = percent; }
  std::string One(const std::string& sql) { return bed_.Sql(sql).at(0).at(0); }

  // Adds a version to the key, and makes and starts a job that brings rows to it, in transactions
  // of ten rows.
  v1::RotationJob Rotate();
  // Makes and starts a job that encrypts what MakePlainCards made.
  v1::RotationJob Encrypt();
  absl::StatusOr<v1::RotationJob> Get(const v1::RotationJob& job);
  // Starts a job that has failed.
  v1::RotationJob StartAgain(const v1::RotationJob& job);
  absl::Status Cancel(const v1::RotationJob& job);

  // A worker of this process: what it is told, and its calls.
  rotation::WorkerOptions Options(const v1::RotationJob& job, const std::string& name = "worker");
  rotation::ServiceCalls Calls();
  // Runs one to its end; `before` is called before each batch is rewrapped, with its number.
  v1::RotationJob Work(const v1::RotationJob& job,
                       const std::function<void(int batch)>& before = nullptr);

  // A worker in a process of its own, with a lease of kLease. From the main thread.
  static constexpr std::chrono::milliseconds kLease{300};
  std::unique_ptr<Subprocess> StartProbe(const v1::RotationJob& job, const std::string& name,
                                         const std::string& conninfo = "");
  // Waits for the end of a job, which the service is asked for, and of its workers.
  v1::RotationJob AwaitEnd(const v1::RotationJob& job);
  void AwaitEnd(Subprocess& probe);

  // Whether all is there that the ledger has, once and as it should read, under `version` or a
  // later one, and nothing was quarantined.
  void ExpectKept(uint32_t version);
  // Whether each row has the plaintext that the ledger has, and its ciphertext.
  void ExpectInStep();
  // And whether the job is DONE.
  void ExpectDone(const v1::RotationJob& job);
  // And whether it is as if `application`, which is stopped, had been alone.
  void ExpectDone(const v1::RotationJob& job, Application& application);

 private:
  v1::RotationJob Create(v1::RotationTransform transform);

  RotationBed bed_;
  RotationClient rotations_;
  bool in_memory_ = false;
  uint32_t busy_percent_ = 100;
  std::unique_ptr<JobBoard> board_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_FAULT_ROTATION_FIXTURE_H_
