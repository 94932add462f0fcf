#include "sql/shim/vault_batch.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "crypto/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::shim {
namespace {

class VaultBatchTest : public ::testing::Test {
 protected:
  VaultBatchTest() {
    Config config;
    config.service = "unix:/nobody";
    config.audit_file = dir_.File("audit");
    backend_ = Backend::Create(config).value();
  }

  // Reads a request, and answers "STATUS data", or the errors.
  std::string Answer(const std::string& text, const std::function<void(VaultBatch&)>& work,
                     VaultBatch::Kind kind = VaultBatch::Kind::kSealed) {
    JsonBody json;
    EXPECT_TRUE(json.Read(text));
    VaultCall call{*backend_, asker_, "POST", {"encrypt", "k"}, json, json.root()};
    VaultBatch batch;
    if (auto refusal = VaultBatch::Read(call, "plaintext", &batch)) return Told(*refusal);
    work(batch);
    const HttpResponse response = batch.Answer(call, kind);
    failed_ = call.failed;
    return Told(response);
  }
  static std::string Told(const HttpResponse& response) {
    const Json body = Json::parse(response.body);
    return std::to_string(response.status) + " " +
           (body.contains("data") ? body["data"] : body["errors"]).dump();
  }
  // What decoding makes of them is their result, too.
  static void Echo(VaultBatch& batch) {
    for (VaultItem* const item : batch.Open()) {
      item->done = true;
      item->key_version = 7;
      if (batch.Decode(item->in, "plaintext", &item->bytes)) {
        item->result = item->bytes;
      } else {
        item->status = InvalidField("plaintext", "no \"base64\"");
      }
    }
  }

  testing::TempDir dir_;
  std::unique_ptr<Backend> backend_;
  Asker asker_;
  uint64_t failed_ = 0;
};

TEST_F(VaultBatchTest, OneIsTheDataItself) {
  EXPECT_EQ(Answer(R"({"plaintext":"aGk=","reference":"r"})", Echo),
            R"(200 {"ciphertext":"vault:v7:aGk=","key_version":7})");
  EXPECT_EQ(Answer(R"({"plaintext":"aGk"})", Echo), R"(400 ["no \"base64\""])");
  EXPECT_EQ(Answer(R"({"plaintext":1})", Echo), R"(400 ["missing plaintext to encrypt"])");
}

TEST_F(VaultBatchTest, ManyHaveTheirReferences) {
  EXPECT_EQ(
      Answer(R"({"batch_input":[{"plaintext":"aGk=","reference":"\"\u00e9"},{"plaintext":""}]})",
             Echo),
      "200 {\"batch_results\":["
      "{\"ciphertext\":\"vault:v7:aGk=\",\"key_version\":7,\"reference\":\"\\\"\u00e9\"},"
      "{\"ciphertext\":\"vault:v7:\",\"key_version\":7,\"reference\":\"\"}]}");
}

TEST_F(VaultBatchTest, FailuresTellOnTheWhole) {
  const std::string items = R"("batch_input":[{"plaintext":"aGk="},{"plaintext":"!"}])";
  const std::string both = R"({"batch_results":[{"plaintext":"aGk=","reference":""},)"
                           R"({"error":"no \"base64\"","plaintext":"","reference":""}]})";
  EXPECT_EQ(Answer("{" + items + "}", Echo, VaultBatch::Kind::kOpened), "400 " + both);
  EXPECT_EQ(failed_, 1u);
  EXPECT_EQ(Answer("{" + items + R"(,"partial_failure_response_code":"202"})", Echo,
                   VaultBatch::Kind::kOpened),
            "202 " + both);
  const auto fail = [](VaultBatch& batch) { batch.FailRest(Bug("x")); };
  EXPECT_EQ(Answer("{" + items + "}", fail).substr(0, 4), "500 ");
  EXPECT_EQ(Answer("{" + items + "}", fail, VaultBatch::Kind::kRewrapped).substr(0, 4), "500 ");
  EXPECT_EQ(Answer("{" + items + "}", fail, VaultBatch::Kind::kMac),
            R"(200 {"batch_results":[{"error":"x","reference":""},{"error":"x","reference":""}]})");
  EXPECT_EQ(failed_, 2u);
}

TEST_F(VaultBatchTest, WhatIsNoBatchIsRefused) {
  const auto refused = [&](const std::string& text) { return Answer(text, Echo); };
  for (const char* const bad :
       {R"({"batch_input":{}})", R"({"batch_input":[1]})", R"({"batch_input":[{}]})",
        R"({"batch_input":[{"plaintext":1}]})"}) {
    EXPECT_EQ(refused(bad).substr(0, 4), "500 ") << bad;
  }
  EXPECT_EQ(refused(R"({"batch_input":[]})"), R"(400 ["missing batch input to process"])");
  std::string many = R"({"batch_input":[{})";
  for (int i = 0; i < 10'000; ++i) many += ",{}";
  EXPECT_EQ(refused(many + "]}"), R"(400 ["batch_input has more than 10,000 items"])");
  EXPECT_EQ(refused(R"({"batch_input":null,"plaintext":""})").substr(0, 4), "200 ");
}

TEST_F(VaultBatchTest, DecodesContexts) {
  Answer(R"({"plaintext":"","context":"Yw==","associated_data":"YQ=="})", [](VaultBatch& batch) {
    VaultItem& item = batch.items().front();
    EXPECT_OK(batch.DecodeContext(&item));
    ASSERT_EQ(item.context.entries().size(), 2u);
    EXPECT_EQ(item.context.entries()[0].name, "vault.aad");
    EXPECT_EQ(item.context.entries()[0].value, "a");
    EXPECT_EQ(item.context.entries()[1].name, "vault.context");
    EXPECT_EQ(item.context.entries()[1].value, "c");
  });
  Answer(R"({"plaintext":"","context":"!","associated_data":"!"})", [](VaultBatch& batch) {
    EXPECT_EQ(FieldOf(batch.DecodeContext(&batch.items().front())), "context");
  });
  Answer(R"({"plaintext":"","associated_data":")" + std::string(5'468, 'A') + R"("})",
         [](VaultBatch& batch) {
           EXPECT_EQ(MessageOf(batch.DecodeContext(&batch.items().front())),
                     "associated_data is above 4,096 bytes");
         });
}

}  // namespace
}  // namespace fieldkms::shim
