// Connections that break under a rotation's worker: at each thing that it says to PostgreSQL in a
// batch, before it gets there, half-way, and before the answer comes; at each commit of a job, and
// anywhere; and the same between worker and service.
//
// FIELDKMS_FAULT_ROUNDS: how often at random (10, in a soak 100). FIELDKMS_FAULT_SEED: repeats the
// choices of an earlier run.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>

#include "tests/fault/rotation_fixture.h"
#include "tests/support/cut_proxy.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using rotation::ServiceCalls;
using rotation::Worker;
using rotation::WorkerOptions;
using At = CutProxy::At;

constexpr At kAll[] = {At::kBeforeSend, At::kMidSend, At::kBeforeAnswer};
// Two transactions of ten rows. What is said before and after they are rewrapped: beginning, ending
// and what is prepared for the first time included.
constexpr uint64_t kRows = 20;
constexpr uint64_t kSendsOfRead = 5;
constexpr uint64_t kSendsOfWrite = 12;

class RotationCut : public RotationFault {
 protected:
  // Carries a job to its end, on a connection to the database through the proxy.
  v1::RotationJob Carry(const v1::RotationJob& job, ServiceCalls calls) {
    calls.rewrap = [this, rewrap = calls.rewrap](const v1::BatchRewrapRequest& request) {
      if (read_ == 0) read_ = database_.sends() - begin_;
      return rewrap(request);
    };
    WorkerOptions options = Options(job);
    options.conninfo =
        "host=" + database_.socket_dir() + " port=5432 user=postgres dbname=" + bed().database();
    begin_ = database_.sends();
    read_ = 0;
    Worker worker(options, calls, nullptr);
    const auto ended = worker.Run();
    EXPECT_OK(ended);
    return ended.value_or(job);
  }
  // Carries a new one to its end, and checks it.
  void CarryOne() {
    const v1::RotationJob job = Rotate();
    const v1::RotationJob ended = Carry(job, Calls());
    EXPECT_EQ(ended.outcome().counts().changed(), kRows);
    ExpectDone(ended);
  }
  // The same, cut once; returns whether it was.
  bool CutOne(uint64_t send, At at) {
    SCOPED_TRACE(fmt::format("cut at send {}, {}", send, static_cast<int>(at)));
    const int before = database_.cuts();
    database_.CutSend(send, at);
    CarryOne();
    return database_.cuts() > before;
  }

  CutProxy database_{bed().server().socket_dir()};
  uint64_t begin_ = 0;  // sends before the job
  uint64_t read_ = 0;   // and in it, until the first batch is rewrapped
};

TEST_F(RotationCut, AtEachStepOfABatch) {
  KeepJobsInMemory();
  bed().MakeCards(kRows);
  CarryOne();
  const uint64_t read = read_;
  for (uint64_t send = read - kSendsOfRead; send <= read + kSendsOfWrite; ++send) {
    for (const At at : kAll) EXPECT_TRUE(CutOne(send, at));
    if (HasFailure()) return;
  }
}

TEST_F(RotationCut, InEachCommit) {
  KeepJobsInMemory();
  bed().MakeCards(kRows);
  for (const auto cut : {CutProxy::Cut::kBeforeCommit, CutProxy::Cut::kAfterCommit}) {
    int commits = 0;
    for (bool was_cut = true; was_cut; commits += was_cut ? 1 : 0) {
      SCOPED_TRACE(fmt::format("commit {}, {}", commits, static_cast<int>(cut)));
      const int before = database_.cuts();
      database_.CutNextCommit(cut, /*refuse=*/false, commits);
      CarryOne();
      if (HasFailure()) return;
      was_cut = database_.cuts() > before;
    }
    fmt::print("{} commits\n", commits);
    EXPECT_GT(commits, 10);
  }
  database_.CutNextCommit(CutProxy::Cut::kNone);
}

TEST_F(RotationCut, AnywhereInAJob) {
  KeepJobsInMemory();
  SeededRandom random(RunSeed());
  bed().MakeCards(kRows);
  const uint64_t before = database_.sends();
  CarryOne();
  const uint64_t sends = database_.sends() - before;
  for (uint64_t round = 0; round < Rounds() && !HasFailure(); ++round) {
    EXPECT_TRUE(CutOne(1 + random.Below(sends), kAll[round % std::size(kAll)]));
  }
}

// Between worker and service. What is in doubt there is what became of the job.
TEST_F(RotationCut, AnywhereBetweenWorkerAndService) {
  constexpr char kSocket[] = "fieldkmsd.sock";
  constexpr uint64_t kMostSends = 30;  // between two cuts
  SeededRandom random(RunSeed());
  CutProxy service(bed().daemon().data_dir(), kSocket);
  // One attempt: a retry of the client's would hide an error from the worker.
  const auto client =
      Client::Create({.target = "unix:" + service.socket_dir() + "/" + kSocket, .max_attempts = 1});
  ASSERT_OK(client);
  bed().MakeCards(kRows * 5);
  uint64_t asked = 0;
  const ServiceCalls calls = Before(rotation::CallsOf(**client), [&] {
    if (static_cast<uint64_t>(service.cuts()) < asked) return absl::OkStatus();
    service.CutSend(1 + random.Below(kMostSends), kAll[asked++ % std::size(kAll)]);
    return absl::OkStatus();
  });
  int jobs = 0;
  for (; static_cast<uint64_t>(service.cuts()) < Rounds() && !HasFailure(); ++jobs) {
    const v1::RotationJob ended = Carry(Rotate(), calls);
    EXPECT_EQ(ended.outcome().counts().changed(), kRows * 5);
    ExpectDone(ended);
  }
  fmt::print("{} cuts in {} jobs\n", service.cuts(), jobs);
}

}  // namespace
}  // namespace fieldkms::testing
