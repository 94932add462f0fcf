// Vault's API and JSON with leases: what the shim does by itself, and for how long.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/integration/shim/vault_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kValue[] = "NDExMQ==";  // "4111"
constexpr char kOther[] = "eA==";
// Within which the lease of MakeBriefKey has ended, on a machine of any speed.
constexpr std::chrono::seconds kPatience{60};

class ShimLeasesTest : public ShimVaultTest {
 protected:
  std::string Limits() const override { return "server: {timeout: 2s}\n"; }

  struct Answer {
    int status = 0;
    json body;
  };
  Answer Post(const std::string& path, const json& body) const {
    const RawResponse response = RawHttp(SocketPath())
                                     .Post(path, "application/json", body.dump(),
                                           std::string("X-Vault-Token: ") + kToken + "\r\n");
    return {response.status, json::parse(response.body, nullptr, false)};
  }
  Answer Transit(const std::string& verb, const std::string& key, const json& body) const {
    return Post("/v1/transit/" + verb + "/" + key, body);
  }
  Answer Call(const std::string& verb, const std::string& key, json body) const {
    body["tenant"] = "acme";
    return Post("/v1/keys/" + key + ":" + verb, body);
  }
  // What is sealed by one API is opened by it.
  void WorksBothWays(const std::string& key) const {
    const Answer sealed =
        Transit("encrypt", key, {{"plaintext", kValue}, {"associated_data", kOther}});
    ASSERT_EQ(sealed.status, 200) << sealed.body;
    const std::string text = sealed.body["data"]["ciphertext"];
    EXPECT_THAT(text, HasSubstr("vault:v1:"));
    EXPECT_EQ(sealed.body["data"]["key_version"], 1);
    const Answer opened =
        Transit("decrypt", key, {{"ciphertext", text}, {"associated_data", kOther}});
    EXPECT_EQ(opened.body["data"]["plaintext"], kValue) << opened.body;
    EXPECT_EQ(Transit("decrypt", key, {{"ciphertext", text}}).status, 400);
    // The envelope is the same thing to JSON, where its context is given as it is.
    const json context = {{{"name", "vault.aad"}, {"value", kOther}}};
    const Answer plain =
        Call("decrypt", key, {{"ciphertext", text.substr(9)}, {"context", context}});
    EXPECT_EQ(plain.body["plaintext"], kValue) << plain.body;
    EXPECT_EQ(Call("decrypt", key, {{"ciphertext", text.substr(9)}}).status, 400);
    const Answer batch = Call("batchEncrypt", key,
                              {{"sharedContext", context},
                               {"items", {{{"plaintext", kValue}}, {{"plaintext", kOther}}}}});
    ASSERT_EQ(batch.body["results"].size(), 2u) << batch.body;
    json items = json::array();
    for (const json& result : batch.body["results"]) {
      items.push_back({{"ciphertext", result["ciphertext"]}});
    }
    items.push_back({{"ciphertext", kOther}});  // no envelope
    const Answer back = Call("batchDecrypt", key, {{"sharedContext", context}, {"items", items}});
    ASSERT_EQ(back.body["results"].size(), 3u) << back.body;
    EXPECT_EQ(back.body["results"][0]["plaintext"], kValue);
    EXPECT_EQ(back.body["results"][1]["plaintext"], kOther);
    EXPECT_TRUE(back.body["results"][2].contains("error"));
    EXPECT_EQ(back.body["failedCount"], 1);
    const Answer one = Call("encrypt", key, {{"plaintext", kValue}});
    EXPECT_EQ(one.body["keyVersion"], 1) << one.body;
  }
  void MakeBriefKey() {
    v1::CreateKeyRequest key;
    key.set_tenant("acme");
    key.set_name("brief");
    key.mutable_lease()->mutable_longest()->set_seconds(3);
    key.mutable_lease()->set_most_messages(1'000'000);
    ASSERT_OK(client_->CreateKey(key));
  }
  int SealStatus(const std::string& key) const {
    return Transit("encrypt", key, {{"plaintext", kValue}}).status;
  }
};

TEST_F(ShimLeasesTest, DoTheSameAsTheService) {
  WorksBothWays("plain");
  EXPECT_THAT(Audit(), Not(HasSubstr("lease_id")));
  WorksBothWays("leased");
  EXPECT_THAT(Audit(), HasSubstr("\"op\":\"vault.encrypt\",\"tenant\":\"acme\",\"name\":\"leased\","
                                 "\"items\":1,\"local\":1,\"key_version\":1,\"lease_id\":\""));
  EXPECT_THAT(Audit(), HasSubstr("\"op\":\"/v1/keys/{name}:batchEncrypt\",\"tenant\":\"acme\","
                                 "\"name\":\"leased\",\"items\":2,\"local\":2,\"key_version\":1"));
}

TEST_F(ShimLeasesTest, BadItemsFailAlone) {
  ASSERT_EQ(SealStatus("leased"), 200);
  const Answer sealed =
      Transit("encrypt", "leased",
              {{"batch_input", {{{"plaintext", kValue}, {"reference", "r"}}, {{"plaintext", "!"}}}},
               {"partial_failure_response_code", 200}});
  ASSERT_EQ(sealed.status, 200);
  const json& results = sealed.body["data"]["batch_results"];
  EXPECT_EQ(results[0]["reference"], "r");
  EXPECT_THAT(results[1]["error"].get<std::string>(), HasSubstr("failed to base64-decode"));
  const Answer other = Transit("decrypt", "plain", {{"ciphertext", results[0]["ciphertext"]}});
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(Transit("decrypt", "leased", {{"ciphertext", results[0]["ciphertext"]}}).status, 200);
  // An error of an item that only the service tells names its place in the whole.
  const Answer bad = Call(
      "batchEncrypt", "leased",
      {{"items",
        {{{"plaintext", kValue}}, {{"plaintext", kValue}, {"context", {{{"name", "NO NAME"}}}}}}}});
  EXPECT_EQ(bad.body["failedCount"], 1) << bad.body;
  EXPECT_THAT(bad.body["results"][1].dump(), HasSubstr("items[1]"));
}

// A lease may seal under the version before a rotation; who names the new one gets it.
TEST_F(ShimLeasesTest, AVersionThatIsAskedForIsTheOneThatSeals) {
  ASSERT_EQ(SealStatus("leased"), 200);
  ASSERT_EQ(Transit("rotate", "leased", json::object()).status, 404);
  ASSERT_EQ(Post("/v1/transit/keys/leased/rotate", json::object()).status, 200);
  const Answer sealed = Transit("encrypt", "leased", {{"plaintext", kValue}, {"key_version", 2}});
  ASSERT_EQ(sealed.status, 200) << sealed.body;
  EXPECT_EQ(sealed.body["data"]["key_version"], 2);
  EXPECT_THAT(sealed.body["data"]["ciphertext"].get<std::string>(), HasSubstr("vault:v2:"));
  EXPECT_EQ(Transit("decrypt", "leased", {{"ciphertext", sealed.body["data"]["ciphertext"]}})
                .body["data"]["plaintext"],
            kValue);
  EXPECT_EQ(Transit("encrypt", "leased", {{"plaintext", kValue}, {"key_version", 1}}).status, 400);
}

TEST_F(ShimLeasesTest, BridgeTheDeathOfTheService) {
  WorksBothWays("leased");
  daemon_.Kill();
  const Answer sealed = Transit("encrypt", "leased", {{"plaintext", kValue}});
  EXPECT_EQ(sealed.status, 200) << sealed.body;
  EXPECT_EQ(Transit("decrypt", "leased", {{"ciphertext", sealed.body["data"]["ciphertext"]}})
                .body["data"]["plaintext"],
            kValue);
  EXPECT_EQ(Call("encrypt", "leased", {{"plaintext", kValue}}).status, 200);
  EXPECT_GE(SealStatus("plain"), 500);
  EXPECT_GE(Call("encrypt", "plain", {{"plaintext", kValue}}).status, 500);
}

TEST_F(ShimLeasesTest, BridgeAServiceThatHangsAndEndInTime) {
  MakeBriefKey();
  ASSERT_EQ(SealStatus("brief"), 200);
  ASSERT_EQ(SealStatus("leased"), 200);
  daemon_.Signal(SIGSTOP);
  EXPECT_EQ(SealStatus("leased"), 200);
  const auto start = std::chrono::steady_clock::now();
  while (SealStatus("brief") == 200) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, kPatience);
  }
  // Of one that is over nothing is left to seal or open with.
  EXPECT_EQ(SealStatus("brief"), 503);
  EXPECT_EQ(Call("encrypt", "brief", {{"plaintext", kValue}}).status / 100, 5);
  EXPECT_EQ(SealStatus("leased"), 200);
  daemon_.Signal(SIGCONT);
  while (SealStatus("brief") != 200) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, 2 * kPatience);
  }
}

TEST_F(ShimLeasesTest, NothingIsAnsweredThatIsNotOnRecord) {
  ASSERT_EQ(SealStatus("leased"), 200);
  std::filesystem::rename(AuditFile(), dir_.File("moved"));
  Answer sealed;
  do {
    sealed = Transit("encrypt", "leased", {{"plaintext", kValue}});
  } while (sealed.status == 200);
  EXPECT_EQ(sealed.status, 503);
  EXPECT_FALSE(sealed.body.contains("data"));
  const Answer called = Call("encrypt", "leased", {{"plaintext", kValue}});
  EXPECT_EQ(called.status, 503);
  EXPECT_FALSE(called.body.contains("ciphertext"));
}

}  // namespace
}  // namespace fieldkms::testing
