// The audit trail of a real daemon.
#include <unistd.h>

#include "clients/cpp/call_trace.h"
#include "clients/cpp/client.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "kms/audit/trail_anew.h"
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using HealthResponse = grpc::health::v1::HealthCheckResponse;

class AuditRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateKey("acme", "customers.card");
  }
  std::string EncryptVerdict() {
    v1::EncryptResponse response;
    return Verdict(Call(*crypto_, &v1::CryptoService::Stub::Encrypt,
                        EncryptRequest("acme", "customers.card", "canary-value", "canary-pk"),
                        &response));
  }
  // As `fieldkms audit begin-anew` does.
  void SetAside() {
    AnewRequest request;
    request.path = data_dir_ + "/audit.jsonl";
    request.key_path = data_dir_ + "/audit.key";
    request.operator_name = "test";
    request.reason = "a test deleted it";
    const auto anew = BeginAnew(request, SystemClock());
    ASSERT_TRUE(anew.ok()) << anew.status();
    EXPECT_GT(anew->signed_records, 0u);
  }
  HealthResponse::ServingStatus Health() {
    const auto stub = grpc::health::v1::Health::NewStub(NewChannel());
    HealthResponse response;
    EXPECT_TRUE(Call(*stub, &grpc::health::v1::Health::Stub::Check,
                     grpc::health::v1::HealthCheckRequest(), &response)
                    .ok());
    return response.status();
  }
};

TEST_F(AuditRpcTest, RecordIsInTheFileWhenTheAnswerArrives) {
  for (int i = 0; i < 50; ++i) {
    const size_t before = AuditLines().size();
    ASSERT_EQ(EncryptVerdict(), "OK");
    const auto lines = AuditLines();
    ASSERT_EQ(lines.size(), before + 1);
    EXPECT_EQ(lines.back()["kind"], "outcome");
    EXPECT_EQ(lines.back()["method"], "CryptoService.Encrypt");
    EXPECT_EQ(lines.back()["principal"], "administrator");
    EXPECT_EQ(lines.back()["uid"], getuid());
    EXPECT_EQ(lines.back()["pid"], getpid());
    EXPECT_EQ(lines.back()["tenant"], "acme");
    EXPECT_EQ(lines.back()["key"], "customers.card");
    EXPECT_EQ(lines.back()["code"], "OK");
  }
}

TEST_F(AuditRpcTest, RecordsHaveTheTraceOfTheirCaller) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto traced = [this](const std::vector<std::string>& headers) {
    grpc::ClientContext context;
    for (const std::string& header : headers) context.AddMetadata("traceparent", header);
    v1::EncryptResponse response;
    EXPECT_TRUE(
        crypto_->Encrypt(&context, EncryptRequest("acme", "customers.card", "v", "1"), &response)
            .ok());
    return AuditLines().back();
  };
  const std::string header = "00-" + trace + "-00f067aa0ba902b7-01";
  EXPECT_EQ(traced({header})["trace_id"], trace);
  EXPECT_FALSE(traced({}).contains("trace_id"));
  EXPECT_FALSE(traced({header, header}).contains("trace_id"));
  EXPECT_FALSE(traced({"00-" + trace + "-\"}"}).contains("trace_id"));
  // As the C++ client sends it.
  const auto client = Client::Create({.target = daemon_->target()});
  ASSERT_TRUE(client.ok());
  {
    const CallTrace of_all(header);
    ASSERT_TRUE((*client)->Encrypt(EncryptRequest("acme", "customers.card", "v", "1")).ok());
    EXPECT_EQ(AuditLines().back()["trace_id"], trace);
    const CallTrace no_header("\x01\n");
    ASSERT_TRUE((*client)->Encrypt(EncryptRequest("acme", "customers.card", "v", "1")).ok());
    EXPECT_FALSE(AuditLines().back().contains("trace_id"));
  }
  ASSERT_TRUE((*client)->Encrypt(EncryptRequest("acme", "customers.card", "v", "1")).ok());
  EXPECT_FALSE(AuditLines().back().contains("trace_id"));
}

TEST_F(AuditRpcTest, MutationsHaveAnIntentAndAnOutcome) {
  ASSERT_EQ(Verdict(RotateKey("acme", "customers.card")), "OK");
  const auto lines = AuditLines();
  const auto& intent = lines[lines.size() - 2];
  const auto& outcome = lines.back();
  EXPECT_EQ(intent["kind"], "intent");
  EXPECT_FALSE(intent.contains("code"));
  EXPECT_EQ(outcome["kind"], "outcome");
  EXPECT_EQ(outcome["code"], "OK");
  for (const auto& record : {intent, outcome}) {
    EXPECT_EQ(record["method"], "KeyService.RotateKey");
    EXPECT_EQ(record["request_id"], "request-" + std::to_string(request_ids_));
  }
}

TEST_F(AuditRpcTest, ReasonsStayInside) {
  const std::string good = Encrypt("acme", "customers.card", "v", "1");
  std::string bad = good;
  bad.back() = static_cast<char>(bad.back() ^ 1);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {bad, "TAG_MISMATCH"},
      {good.substr(0, 40), "ENVELOPE_MALFORMED"},
      {"\x7f" + good.substr(1), "SUITE_UNKNOWN"}};
  for (const auto& [ciphertext, reason] : cases) {
    EXPECT_EQ(Verdict(Decrypt("acme", ciphertext, "1")), "INVALID_ARGUMENT DECRYPT_FAILED");
    EXPECT_EQ(AuditLines().back()["reason"], reason);
    EXPECT_EQ(AuditLines().back()["code"], "INVALID_ARGUMENT");
  }
}

TEST_F(AuditRpcTest, ABatchIsOneRecordWithCounts) {
  v1::BatchDecryptRequest request;
  v1::BatchDecryptResponse response;
  request.set_tenant("acme");
  auto* entry = request.add_shared_context();
  entry->set_name("pk");
  entry->set_value("1");
  request.add_items()->set_ciphertext(Encrypt("acme", "customers.card", "v", "1"));
  request.add_items()->set_ciphertext("garbage");
  const size_t before = AuditLines().size();
  ASSERT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::BatchDecrypt, request, &response)),
            "OK");
  const auto lines = AuditLines();
  ASSERT_EQ(lines.size(), before + 1);
  EXPECT_EQ(lines.back()["items"], 2);
  EXPECT_EQ(lines.back()["failed"], 1);
  EXPECT_EQ(lines.back()["key"], "customers.card");
  EXPECT_EQ(lines.back()["reason"], "SUITE_UNKNOWN");
}

TEST_F(AuditRpcTest, AMixedBatchNamesItsKeys) {
  CreateKey("acme", "customers.note");
  v1::BatchRewrapRequest request;
  v1::BatchRewrapResponse response;
  request.set_tenant("acme");
  auto* entry = request.add_shared_context();
  entry->set_name("pk");
  entry->set_value("1");
  for (const char* key : {"customers.card", "customers.note", "customers.card"}) {
    request.add_items()->set_ciphertext(Encrypt("acme", key, "v", "1"));
  }
  request.mutable_items(2)->set_destination_key("customers.note");
  ASSERT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::BatchRewrap, request, &response)),
            "OK");
  const auto line = AuditLines().back();
  EXPECT_EQ(line["keys"], nlohmann::json({"customers.card", "customers.note"}));
  EXPECT_EQ(line["destination_key"], "customers.note");
  for (const char* absent : {"key", "more_keys", "destination_keys"}) {
    EXPECT_FALSE(line.contains(absent)) << absent;
  }
}

TEST_F(AuditRpcTest, NeverAValue) {
  ASSERT_EQ(EncryptVerdict(), "OK");
  Decrypt("acme", "canary-ciphertext", "canary-pk");
  RotateKey("acme", "canary KEY name");  // illegal: may be anything, so it is left out
  const std::string everything = ReadFile(data_dir_ + "/audit.jsonl") + daemon_->Log();
  EXPECT_EQ(everything.find("canary"), std::string::npos);
}

TEST_F(AuditRpcTest, DeletedFileStopsTheService) {
  ASSERT_EQ(Health(), HealthResponse::SERVING);
  ASSERT_EQ(unlink((data_dir_ + "/audit.jsonl").c_str()), 0);
  EXPECT_EQ(EncryptVerdict(), "UNAVAILABLE AUDIT_UNAVAILABLE");
  EXPECT_EQ(EncryptVerdict(), "UNAVAILABLE AUDIT_UNAVAILABLE");
  EXPECT_EQ(Verdict(RotateKey("acme", "customers.card", 1)), "UNAVAILABLE AUDIT_UNAVAILABLE");
  while (Health() == HealthResponse::SERVING) std::this_thread::yield();
  daemon_->Terminate();
  // What was signed is not there any more.
  EXPECT_FALSE(daemon_->Start().ok());
  EXPECT_NE(daemon_->Log().find("cut off or rolled back"), std::string::npos);
  EXPECT_NE(daemon_->Log().find("fieldkms audit begin-anew"), std::string::npos);
  SetAside();
  ASSERT_TRUE(daemon_->Start().ok());
  Connect();
  EXPECT_EQ(AuditLines()[0]["kind"], "anew");
  EXPECT_EQ(AuditLines()[0]["because"], "a test deleted it");
  // The mutation that had no intent on record was not carried out.
  EXPECT_EQ(Verdict(RotateKey("acme", "customers.card", 1)), "OK");
}

TEST_F(AuditRpcTest, FloodsOfRefusalsAreCounted) {
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(Verdict(Decrypt("NOT LEGAL", "x", "1")), "INVALID_ARGUMENT INVALID_FIELD");
  }
  EXPECT_EQ(daemon_->Terminate().code, 0);
  uint64_t refusals = 0, counted = 0;
  for (const auto& line : AuditLines()) {
    if (line["kind"] == "refusal") ++refusals;
    if (line["kind"] == "flood") counted += line["items"].get<uint64_t>();
  }
  EXPECT_EQ(refusals + counted, 500u);
  EXPECT_LT(refusals, 500u);
  EXPECT_EQ(AuditLines().back()["kind"], "stop");
}

TEST_F(AuditRpcTest, NumbersHaveNoGapOverRestartsAndCrashes) {
  ASSERT_EQ(EncryptVerdict(), "OK");
  daemon_->Kill();
  ASSERT_TRUE(daemon_->Start().ok());
  Connect();
  ASSERT_EQ(EncryptVerdict(), "OK");
  uint64_t expected = 1;
  for (const auto& line : AuditLines()) EXPECT_EQ(line["seq"], expected++);
}

}  // namespace
}  // namespace fieldkms::testing
