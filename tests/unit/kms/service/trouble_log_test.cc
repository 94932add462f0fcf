#include "kms/service/trouble_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "kms/service/batch.h"
#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

class SettableClock final : public Clock {
 public:
  WallTime Now() const override { return {}; }
  std::chrono::steady_clock::time_point Steady() const override { return now; }
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
};

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
  SettableClock clock_;
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

TEST(TroublesOfCallsTest, OfItemsToo) {
  CallOutcome outcome;
  google::rpc::Status error;
  FailItem(0, DecryptError(Reason::kTagMismatch), &error, &outcome);
  EXPECT_TRUE(outcome.trouble.ok());
  FailItem(1, Full("first"), &error, &outcome);
  FailItem(2, Full("second"), &error, &outcome);
  EXPECT_EQ(outcome.trouble.message(), "first");
  outcome.Reset();
  EXPECT_TRUE(outcome.trouble.ok());
}

}  // namespace
}  // namespace fieldkms
