// A job's write barrier with two daemons over one PostgreSQL: it is passed when both have heard.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "tests/support/postgres_server.h"
#include "tests/support/replicas.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

class ReplicaRotationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string conninfo =
        server().Conninfo(server().MakeStore(), PostgresServer::kServiceLogin);
    replicas_ = std::make_unique<Replicas>(std::vector<std::string>{conninfo, conninfo});
    replicas_->Start();
    for (size_t i = 0; i < 2; ++i) Connect(i);
    v1::CreateTenantRequest tenant;
    tenant.set_tenant("acme");
    ASSERT_OK(clients_[0]->CreateTenant(tenant));
    v1::CreateKeyRequest key;
    key.set_tenant("acme");
    key.set_name("k");
    ASSERT_OK(clients_[0]->CreateKey(key));
  }
  void Connect(size_t index) {
    auto client = Client::Create({.target = replicas_->at(index).target(), .max_attempts = 1});
    ASSERT_OK(client);
    clients_[index] = *std::move(client);
  }
  static PostgresServer& server() { return PostgresServer::Shared(); }

  // Rotates the key and starts a job, both on the first.
  std::string StartedJob() {
    v1::RotateKeyRequest rotate;
    rotate.set_tenant("acme");
    rotate.set_name("k");
    EXPECT_OK(clients_[0]->RotateKey(rotate));
    v1::CreateJobRequest request;
    request.set_tenant("acme");
    request.mutable_spec()->set_data_source("shop");
    request.mutable_spec()->set_key("k");
    request.set_start(true);
    const auto job = RotationClient(*clients_[0]).CreateJob(request);
    EXPECT_OK(job);
    return job.ok() ? job->job_id() : "";
  }
  v1::GetWriteBarrierResponse Barrier(size_t index, const std::string& job) {
    v1::GetWriteBarrierRequest request;
    request.set_tenant("acme");
    request.set_job_id(job);
    const auto barrier = RotationClient(*clients_[index]).GetWriteBarrier(request);
    EXPECT_OK(barrier);
    return barrier.ok() ? *barrier : v1::GetWriteBarrierResponse();
  }
  // Asks one of them until it is passed; the test's own time-out is the limit.
  void AwaitBarrier(size_t index, const std::string& job) {
    while (!Barrier(index, job).passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::unique_ptr<Replicas> replicas_;
  std::array<std::unique_ptr<Client>, 2> clients_;
};

TEST_F(ReplicaRotationTest, IsPassedWhenBothHaveHeard) {
  const std::string job = StartedJob();
  AwaitBarrier(1, job);
  EXPECT_TRUE(Barrier(0, job).passed());
}

TEST_F(ReplicaRotationTest, WaitsForOneThatHearsNothing) {
  replicas_->at(1).Signal(SIGSTOP);
  const std::string job = StartedJob();
  // The first has heard after a while; the other has not.
  v1::GetWriteBarrierResponse barrier = Barrier(0, job);
  while (barrier.silent_replicas() > 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    barrier = Barrier(0, job);
  }
  EXPECT_FALSE(barrier.passed());
  EXPECT_EQ(barrier.silent_replicas(), 1u);
  // When it must have stopped by itself: its limit is an hour.
  EXPECT_GT(std::chrono::seconds(barrier.passed_by().seconds()),
            std::chrono::system_clock::now().time_since_epoch() + std::chrono::minutes(50));
  replicas_->at(1).Signal(SIGCONT);
  AwaitBarrier(0, job);
}

TEST_F(ReplicaRotationTest, DoesNotWaitForOneThatEndedInOrder) {
  EXPECT_EQ(replicas_->at(1).Terminate().code, 0);
  AwaitBarrier(0, StartedJob());
}

TEST_F(ReplicaRotationTest, WaitsForOneThatDied) {
  replicas_->at(1).Kill();
  const std::string job = StartedJob();
  while (Barrier(0, job).silent_replicas() > 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(Barrier(0, job).silent_replicas(), 1u);
  // Started again, it knows that the one before is gone.
  ASSERT_OK(replicas_->at(1).Start());
  AwaitBarrier(0, job);
}

}  // namespace
}  // namespace fieldkms::testing
