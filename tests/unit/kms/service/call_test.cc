// The wrapper around every call: its order, and what happens where a step fails.
#include "kms/service/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

class CallTest : public ::testing::Test {
 protected:
  void SetUp() override { server_.Make("acme", "card"); }
  InProcessServer server_;
  v1::EncryptResponse response_;
};

TEST_F(CallTest, NothingIsAnsweredBeforeItsRecordIsDurable) {
  server_.audit.Hold();
  auto answer = std::async(std::launch::async,
                           [&] { return server_.Encrypt(server_.EncryptRequest(), &response_); });
  server_.audit.WaitForRecords(1);
  EXPECT_EQ(server_.engine->InFlight(), 1);
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  server_.audit.Release();
  EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(response_.ciphertext().size(), 5u + 53u);
}

TEST_F(CallTest, AnswerIsDroppedIfItsRecordIsLost) {
  server_.audit.FailFrom(AuditKind::kOutcome);
  const grpc::Status status = server_.Encrypt(server_.EncryptRequest(), &response_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonIn(status), "AUDIT_UNAVAILABLE");
  EXPECT_TRUE(response_.ciphertext().empty());
}

TEST_F(CallTest, MutationWaitsForItsIntent) {
  server_.audit.Hold();
  auto answer = std::async(std::launch::async, [&] { return server_.CreateKey("new-key"); });
  server_.audit.WaitForRecords(1);
  EXPECT_EQ(server_.audit.Lines()[0].kind, AuditKind::kIntent);
  EXPECT_THAT(server_.keyring->admin().GetKey("acme", "new-key", kNoDeadline),
              StatusIs(Reason::kKeyNotFound));
  server_.audit.Release();
  EXPECT_TRUE(answer.get().ok());
  const auto lines = server_.audit.Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1].kind, AuditKind::kOutcome);
  EXPECT_EQ(lines[0].request_id, "create-new-key");
  EXPECT_EQ(lines[1].request_id, "create-new-key");
}

TEST_F(CallTest, MutationIsNotRunIfItsIntentIsLost) {
  server_.audit.FailFrom(AuditKind::kIntent);
  EXPECT_EQ(ReasonIn(server_.CreateKey("new-key")), "AUDIT_UNAVAILABLE");
  EXPECT_THAT(server_.keyring->admin().GetKey("acme", "new-key", kNoDeadline),
              StatusIs(Reason::kKeyNotFound));
  EXPECT_EQ(server_.audit.Lines().size(), 1u);
}

TEST_F(CallTest, DrainingRefusesAndSaysToRetry) {
  server_.context->draining = true;
  const grpc::Status status = server_.Encrypt(server_.EncryptRequest(), &response_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonIn(status), "DRAINING");
  EXPECT_EQ(server_.audit.Lines()[0].kind, AuditKind::kRefusal);
}

TEST_F(CallTest, WhoWasShownAnHoursValuesIsStopped) {
  RevealBudgets budgets;
  budgets.Add("administrator", {2, /*stop=*/true});
  server_.context->reveals = &budgets;
  ASSERT_TRUE(server_.Encrypt(server_.EncryptRequest(), &response_).ok());
  v1::DecryptRequest request;
  request.set_tenant("acme");
  request.set_ciphertext(response_.ciphertext());
  *request.mutable_context() = server_.EncryptRequest().context();
  const auto decrypt = [&] {
    grpc::ClientContext client;
    v1::DecryptResponse opened;
    return server_.crypto->Decrypt(&client, request, &opened);
  };
  EXPECT_TRUE(decrypt().ok());
  EXPECT_TRUE(decrypt().ok());
  const grpc::Status stopped = decrypt();
  EXPECT_EQ(stopped.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonIn(stopped), "RATE_LIMITED");
  EXPECT_THAT(stopped.error_details(), ::testing::HasSubstr("google.rpc.RetryInfo"));
  EXPECT_EQ(server_.audit.Lines().back().kind, AuditKind::kRefusal);
  EXPECT_TRUE(server_.Encrypt(server_.EncryptRequest(), &response_).ok()) << "shows nothing";
  ASSERT_EQ(budgets.TakeExcesses().size(), 1u);
  server_.Stop();  // the budgets are this function's
}

TEST_F(CallTest, FullExecutorIsUnavailableAndAudited) {
  struct Block final : Task {
    void RunTask() override {
      started.set_value();
      go.get_future().wait();
    }
    std::promise<void> started, go;
  } block, waiting;
  server_.Stop();
  server_.Start(/*io_threads=*/1, /*io_queue=*/1);
  ASSERT_TRUE(server_.executor->Submit(&block));
  block.started.get_future().wait();
  waiting.go.set_value();
  ASSERT_TRUE(server_.executor->Submit(&waiting));

  const grpc::Status status = server_.CreateKey("new-key");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonIn(status), "OVERLOADED");
  EXPECT_EQ(server_.audit.Lines().back().kind, AuditKind::kOutcome);
  EXPECT_EQ(server_.audit.Lines().back().code, "UNAVAILABLE");
  block.go.set_value();
  server_.Stop();  // the tasks are this function's
}

TEST_F(CallTest, RecordsSayWhoAndWhat) {
  ASSERT_TRUE(server_.Encrypt(server_.EncryptRequest(), &response_).ok());
  EXPECT_FALSE(server_.Encrypt(server_.EncryptRequest("no-such-key"), &response_).ok());
  EXPECT_FALSE(server_.Encrypt(server_.EncryptRequest("NOT LEGAL"), &response_).ok());
  const auto lines = server_.audit.Lines();
  ASSERT_EQ(lines.size(), 3u);
  for (const AuditedLine& line : lines) {
    EXPECT_EQ(line.method, "CryptoService.Encrypt");
    EXPECT_EQ(line.principal, "administrator");
    EXPECT_EQ(line.items, 1u);
  }
  EXPECT_EQ(lines[0].kind, AuditKind::kOutcome);
  EXPECT_EQ(lines[0].code, "OK");
  EXPECT_EQ(lines[0].failed, 0u);
  EXPECT_EQ(lines[1].kind, AuditKind::kOutcome);
  EXPECT_EQ(lines[1].code, "NOT_FOUND");
  EXPECT_EQ(lines[1].reason, "KEY_NOT_FOUND");
  EXPECT_EQ(lines[1].failed, 1u);
  EXPECT_EQ(lines[2].kind, AuditKind::kRefusal);
  EXPECT_EQ(lines[2].reason, "INVALID_FIELD");
  EXPECT_THAT(lines[2].keys, ::testing::IsEmpty()) << "what is no legal name may be anything";
}

TEST_F(CallTest, ManyCallsAtOnceEachGetTheirOwnAnswer) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        v1::EncryptRequest request = server_.EncryptRequest(i % 10 == 9 ? "no-such-key" : "card");
        const auto size = static_cast<size_t>(t) * 100 + static_cast<size_t>(i);
        request.set_plaintext(std::string(size, 'x'));
        v1::EncryptResponse response;
        const grpc::Status status = server_.Encrypt(request, &response);
        EXPECT_EQ(status.ok(), i % 10 != 9);
        if (status.ok()) {
          EXPECT_EQ(response.ciphertext().size(), size + 53);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(server_.audit.Lines().size(), 800u);
}

}  // namespace
}  // namespace fieldkms
