#include "kms/service/trouble_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

// Runs `body` and returns the lines that it logged.
template <class Body>
std::vector<nlohmann::json> Logged(Body body) {
  ::testing::internal::CaptureStderr();
  body();
  std::istringstream text(::testing::internal::GetCapturedStderr());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

absl::Status Full(const std::string& message) {
  return Error(absl::StatusCode::kResourceExhausted, Reason::kStoreFull, message);
}

class TroubleLogTest : public ::testing::Test {
 protected:
  std::vector<nlohmann::json> Note(const absl::Status& status) {
    return Logged([&] { log_.Note("KeyService.CreateKey", status); });
  }
  testing::FakeClock clock_;
  TroubleLog log_{clock_};
};

TEST_F(TroubleLogTest, TellsMethodReasonAndMessage) {
  const auto lines = Note(Full("no space; disk (13)"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["event"], "call_failed");
  EXPECT_EQ(lines[0]["level"], "error");
  EXPECT_EQ(lines[0]["method"], "KeyService.CreateKey");
  EXPECT_EQ(lines[0]["reason"], "STORE_FULL");
  EXPECT_EQ(lines[0]["error"], "no space; disk (13)");
  EXPECT_EQ(lines[0]["left_out"], 0);
}

TEST_F(TroubleLogTest, AReasonIsToldOnceInTenSeconds) {
  EXPECT_EQ(Note(Full("a")).size(), 1u);
  EXPECT_EQ(Note(Full("b")).size(), 0u);
  EXPECT_EQ(Note(Full("c")).size(), 0u);
  EXPECT_EQ(Note(Bug("of another reason")).size(), 1u);
  clock_.now += std::chrono::seconds(10);
  const auto lines = Note(Full("d"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["error"], "d");
  EXPECT_EQ(lines[0]["left_out"], 2);
  clock_.now += std::chrono::seconds(10);
  EXPECT_EQ(Note(Full("e"))[0]["left_out"], 0);
}

TEST_F(TroubleLogTest, WhatIsWrongWithARequestIsNotTheOperators) {
  EXPECT_EQ(Note(absl::OkStatus()).size(), 0u);
  EXPECT_EQ(Note(InvalidField("tenant", "must start with a letter")).size(), 0u);
  EXPECT_EQ(Note(DecryptError(Reason::kTagMismatch)).size(), 0u);
}

TEST_F(TroubleLogTest, AnotherMethodIsAnotherTrouble) {
  EXPECT_EQ(Note(Full("a")).size(), 1u);
  EXPECT_EQ(Logged([&] { log_.Note("KeyService.RotateKey", Full("b")); }).size(), 1u);
}

TEST_F(TroubleLogTest, TheEndOfABurstIsTold) {
  for (int i = 0; i < 3; ++i) Note(Full("a"));
  EXPECT_EQ(Logged([&] { log_.Flush(); }).size(), 0u) << "too early";
  clock_.now += std::chrono::seconds(10);
  const auto lines = Logged([&] { log_.Flush(); });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["event"], "calls_failed");
  EXPECT_EQ(lines[0]["method"], "KeyService.CreateKey");
  EXPECT_EQ(lines[0]["reason"], "STORE_FULL");
  EXPECT_EQ(lines[0]["count"], 2);
  EXPECT_EQ(Logged([&] { log_.Flush(); }).size(), 0u) << "once";
}

TEST_F(TroubleLogTest, OverloadIsTold) {
  const auto lines =
      Note(Error(absl::StatusCode::kUnavailable, Reason::kOverloaded, "too many calls wait"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["reason"], "OVERLOADED");
}

TEST_F(TroubleLogTest, ALibrarysMessageMayBeAValue) {
  const auto lines = Note(absl::InternalError("canary"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["reason"], "INTERNAL");
  EXPECT_EQ(lines[0].dump().find("canary"), std::string::npos);
}

// The wrapper notes what fails a call, and what fails items of a batch.
TEST(TroublesOfCallsTest, AreLoggedOnce) {
  InProcessServer server;
  server.Make("acme", "card");
  server.Restart();
  server.root->down = true;
  v1::EncryptResponse response;
  const auto lines = Logged([&] {
    EXPECT_FALSE(server.Encrypt(server.EncryptRequest(), &response).ok());
    EXPECT_FALSE(server.Encrypt(server.EncryptRequest(), &response).ok());
    EXPECT_FALSE(server.Encrypt(server.EncryptRequest("no-such-key"), &response).ok());
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["method"], "CryptoService.Encrypt");
  EXPECT_EQ(lines[0]["reason"], "ROOT_UNAVAILABLE");
  EXPECT_EQ(lines[0]["error"], "down, says the test");
}

// A batch is answered OK though its items fail; the first of them that is the
// server's failure is told.
TEST(TroublesOfCallsTest, OfItemsToo) {
  InProcessServer server;
  server.Make("acme", "card");
  v1::EncryptResponse sealed;
  ASSERT_TRUE(server.Encrypt(server.EncryptRequest(), &sealed).ok());
  server.Restart();
  server.root->down = true;
  v1::BatchDecryptRequest request;
  request.set_tenant("acme");
  *request.mutable_shared_context() = server.EncryptRequest().context();
  request.add_items()->set_ciphertext("garbage");
  request.add_items()->set_ciphertext(sealed.ciphertext());
  v1::BatchDecryptResponse response;
  const auto decrypt = [&] {
    grpc::ClientContext context;
    EXPECT_TRUE(server.crypto->BatchDecrypt(&context, request, &response).ok());
    ASSERT_EQ(response.results_size(), 2);
    EXPECT_EQ(ReasonIn(response.results(0).error()), "DECRYPT_FAILED");
    EXPECT_EQ(ReasonIn(response.results(1).error()), "ROOT_UNAVAILABLE");
  };
  const auto lines = Logged(decrypt);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["method"], "CryptoService.BatchDecrypt");
  EXPECT_EQ(lines[0]["reason"], "ROOT_UNAVAILABLE");
  EXPECT_EQ(Logged(decrypt).size(), 0u);
}

TEST(TroublesOfCallsTest, OfTheAuditTrailToo) {
  InProcessServer server;
  server.Make("acme", "card");
  server.audit.FailFrom(AuditKind::kOutcome);
  v1::EncryptResponse response;
  const auto lines =
      Logged([&] { EXPECT_FALSE(server.Encrypt(server.EncryptRequest(), &response).ok()); });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["method"], "CryptoService.Encrypt");
  EXPECT_EQ(lines[0]["reason"], "AUDIT_UNAVAILABLE");
}

}  // namespace
}  // namespace fieldkms
