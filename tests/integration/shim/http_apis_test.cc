// JSON, and Vault's API with clients of other authors.
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "crypto/base64.h"
#include "tests/integration/shim/vault_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kSession[] =
    "FieldKMS-Session-User: alice\r\nFieldKMS-Role: app_rw\r\nFieldKMS-Database: shop\r\n";
constexpr char kNarrow[] =
    "FieldKMS-Session-User: alice\r\nFieldKMS-Role: narrow\r\nFieldKMS-Database: shop\r\n";

std::string Base64Of(std::string_view text) {
  std::string out(Base64Size(Base64::kPadded, text.size()), '\0');
  EncodeBase64(Base64::kPadded, AsBytes(text), AsMutableBytes(out));
  return out;
}

class ShimJsonTest : public ShimTest {
 protected:
  void SetUp() override {
    Start();
    MakeKeys();
  }
  RawResponse Post(std::string_view path, const json& body, std::string_view session = kSession) {
    return RawHttp(SocketPath()).Post(path, "application/json", body.dump(), session);
  }
};

TEST_F(ShimJsonTest, ProtectsAndReveals) {
  const RawResponse made = Post("/v1/fields/customers.card:protect?tenant=acme",
                                {{"value", Base64Of("4111111111111111")},
                                 {"context", {{{"name", "pk"}, {"value", Base64Of("1")}}}}});
  ASSERT_EQ(made.status, 200) << made.body;
  json reveal = {{"tenant", "acme"},
                 {"ciphertext", json::parse(made.body)["ciphertext"]},
                 {"context", {{{"name", "pk"}, {"value", Base64Of("1")}}}}};
  const RawResponse full = Post("/v1/fields/customers.card:reveal", reveal);
  EXPECT_EQ(json::parse(full.body)["value"], Base64Of("4111111111111111"));
  // Who names no view sees as much as the rules allow, and no more on demand.
  const RawResponse masked = Post("/v1/fields/customers.card:reveal", reveal, kNarrow);
  EXPECT_EQ(json::parse(masked.body)["view"], "VIEW_MASKED");
  reveal["view"] = "VIEW_FULL";
  EXPECT_EQ(Post("/v1/fields/customers.card:reveal", reveal, kNarrow).status, 403);
}

TEST_F(ShimJsonTest, ManagesKeys) {
  const RawResponse made = Post("/v1/keys", {{"tenant", "acme"}, {"name", "new.key"}});
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(Post("/v1/keys", {{"tenant", "acme"}, {"name", "new.key"}}).status, 409);
  EXPECT_EQ(
      json::parse(Post("/v1/keys/new.key:rotate", {{"tenant", "acme"}}).body)["primaryVersion"], 2);
  const RawResponse versions =
      RawHttp(SocketPath()).Get("/v1/keys/new.key/versions?tenant=acme", kSession);
  EXPECT_EQ(json::parse(versions.body)["versions"].size(), 2u);
  const RawResponse page = RawHttp(SocketPath()).Get("/v1/keys?tenant=acme&pageSize=2", kSession);
  EXPECT_EQ(json::parse(page.body)["keys"].size(), 2u);
  EXPECT_TRUE(json::parse(page.body).contains("nextPageToken"));
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/keys/none?tenant=acme", kSession).status, 404);
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/status", kSession).status, 200);
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/rotations?tenant=acme", kSession).status, 200);
}

TEST_F(ShimJsonTest, ShowsTheAuditTrailAndItsProofs) {
  constexpr char kTrace[] =
      "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
  ASSERT_EQ(Post("/v1/keys/plain:encrypt", {{"tenant", "acme"}, {"plaintext", Base64Of("x")}},
                 std::string(kSession) + kTrace)
                .status,
            200);
  const auto get = [this](const std::string& path, const std::string& headers = kSession) {
    return RawHttp(SocketPath()).Get(path, headers);
  };
  const std::string records = "/v1/audit/records?tenant=acme&method=CryptoService.Encrypt";
  const json found = json::parse(get(records + "&key=plain&kind=AUDIT_RECORD_KIND_OUTCOME").body);
  ASSERT_EQ(found["records"].size(), 1u) << found;
  const json& record = found["records"][0];
  EXPECT_EQ(record["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(record["keys"], json({"plain"}));
  EXPECT_FALSE(found.contains("nextPageToken"));
  EXPECT_FALSE(json::parse(get(records + "&since=2999-01-01T00:00:00Z").body).contains("records"));
  EXPECT_FALSE(json::parse(get(records + "&until=2000-01-01T00:00:00Z").body).contains("records"));
  EXPECT_FALSE(json::parse(get(records + "&code=NOT_FOUND").body).contains("records"));
  for (const char* const bad : {"&since=yesterday", "&kind=nothing", "&kind=99", "&pageSize=x",
                                "&pageToken=x", "&since=2026-01-01"}) {
    const RawResponse refused = get(records + bad);
    EXPECT_EQ(refused.status, 400) << bad << refused.body;
  }
  EXPECT_EQ(get("/v1/audit/records?tenant=acme", kNarrow).status, 403);
  EXPECT_EQ(get("/v1/audit/records", kNarrow).status, 403);
  EXPECT_EQ(get("/v1/audit/records").status, 200) << "of all tenants";

  const json checkpoint = json::parse(get("/v1/audit/checkpoint").body);
  EXPECT_THAT(checkpoint["checkpoint"].get<std::string>(),
              StartsWith(checkpoint["log"].get<std::string>() + "\n"));
  // The trail's first checkpoint is of none of these records.
  EXPECT_EQ(
      Post("/v1/audit/records:prove", {{"tenant", "acme"}, {"index", record["index"]}}).status,
      400);
  EXPECT_EQ(Post("/v1/audit/checkpoint:continue", {{"firstSize", "0"}}).status, 400);
}

TEST_F(ShimJsonTest, ErrorsAreStatusesWithoutValues) {
  const RawResponse bad = RawHttp(SocketPath())
                              .Post("/v1/fields/customers.card:protect", "application/json",
                                    R"({"value": 4111111111111111})", kSession);
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.body, Not(HasSubstr("4111")));
  EXPECT_EQ(json::parse(bad.body)["details"][0]["reason"], "REQUEST_MALFORMED");
  const RawResponse other =
      Post("/v1/fields/customers.card:batchMask",
           {{"tenant", "acme"}, {"items", {{{"field", "staff.pay"}, {"value", Base64Of("1")}}}}});
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(Post("/v1/keys/plain:encrypt", {{"tenant", "acme"}, {"key", "leased"}}).status, 400);
  // A session that is not named is none that may.
  EXPECT_EQ(Post("/v1/keys/plain:encrypt", {{"tenant", "acme"}}, "").status, 403);
  EXPECT_EQ(Post("/v1/keys/plain:encrypt", {{"tenant", "acme"}}, "X-Vault-Token: wrong\r\n").status,
            401);
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/openapi.yaml").status, 200);
}

TEST_F(ShimJsonTest, RewrapsNothingFromKeysThatTheRulesDoNotName) {
  const RawResponse sealed =
      Post("/v1/keys/leased:encrypt", {{"tenant", "acme"}, {"plaintext", Base64Of("x")}});
  const json rewrap = {{"tenant", "acme"}, {"ciphertext", json::parse(sealed.body)["ciphertext"]}};
  EXPECT_EQ(Post("/v1/keys/plain:rewrap", rewrap).status, 200);
  EXPECT_EQ(Post("/v1/keys/plain:rewrap", rewrap, kNarrow).status, 403);
}

TEST_F(ShimVaultTest, HvacWorksAsItIs) {
  const CommandResult used =
      RunCommand({.argv = {Clients() + "/python/bin/python", Sources() + "/use_hvac.py", Url(),
                           dir_.File("tls.crt"), kToken}});
  EXPECT_EQ(used.status, (ExitStatus{0, 0})) << used.out << used.err;
  EXPECT_THAT(Audit(), HasSubstr("\"identity\":\"vault-app\",\"op\":\"vault.encrypt\""));
  EXPECT_THAT(Audit() + Log(), Not(HasSubstr(kToken)));
}

TEST_F(ShimVaultTest, NodeVaultWorksAsItIs) {
  const CommandResult used =
      RunCommand({.argv = {"node", Sources() + "/use_node_vault.mjs", Clients(), Url(), kToken},
                  .env = {{"NODE_EXTRA_CA_CERTS", dir_.File("tls.crt")}}});
  EXPECT_EQ(used.status, (ExitStatus{0, 0})) << used.out << used.err;
}

TEST_F(ShimVaultTest, ShapesThatClientsDoNotShow) {
  const std::string token = std::string("X-Vault-Token: ") + kToken + "\r\n";
  const auto post = [&](std::string_view path, const std::string& body) {
    const RawResponse response = RawHttp(SocketPath()).Post(path, "application/json", body, token);
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_THAT(post("/v1/transit/encrypt/plain", R"({"batch_input":[{"reference":"x"}]})"),
              HasSubstr("500 {\"errors\":[\"1 error occurred:\\n\\t* failed to parse batch input"));
  EXPECT_THAT(post("/v1/transit/encrypt/plain",
                   R"({"batch_input":[{"plaintext":"","context":"eA=="},{"plaintext":""}]})"),
              HasSubstr("400 {\"errors\":[\"context should be set either in all"));
  for (const char* const code : {"100", "199", "204", "205", "304", "600", "-1", "\"x\"", "[]"}) {
    EXPECT_THAT(
        post("/v1/transit/encrypt/plain", R"({"batch_input":[{"plaintext":""},{"plaintext":"!"}],)"
                                          R"("partial_failure_response_code":)" +
                                              std::string(code) + "}"),
        HasSubstr("400 {\"errors\":[\"partial_failure_response_code must be"))
        << code;
  }
  EXPECT_THAT(
      post("/v1/transit/encrypt/plain", R"({"batch_input":[{"plaintext":""},{"plaintext":"!"}],)"
                                        R"("partial_failure_response_code":202})"),
      HasSubstr("202 {"));
  EXPECT_THAT(post("/v1/transit/encrypt/plain", "{"), HasSubstr("400 "));
  EXPECT_THAT(post("/v1/transit/encrypt/plain", std::string(3'000'000, '[')), HasSubstr("400 "));
  EXPECT_THAT(post("/v1/fields/customers.card:mask", std::string(3'000'000, '[')),
              HasSubstr("400 "));
  EXPECT_THAT(post("/v1/transit/encrypt/plain", "{}"), HasSubstr("missing plaintext to encrypt"));
  EXPECT_THAT(post("/v1/transit/rewrap/plain", R"({"batch_input":[{}]})"), HasSubstr("200 "));
  EXPECT_THAT(post("/v1/transit/sign/plain", "{}"), HasSubstr("404 "));
  // Nobody without a token, and nothing of it is read.
  RawHttp stranger(SocketPath());
  EXPECT_EQ(stranger.Post("/v1/transit/encrypt/plain", "application/json", "{}").status, 403);
  EXPECT_THAT(Log(), Not(HasSubstr("turned_away")));
  RawHttp guesser(SocketPath());
  EXPECT_EQ(
      guesser
          .Post("/v1/transit/encrypt/plain", "application/json", "{}", "X-Vault-Token: guess\r\n")
          .status,
      403);
  EXPECT_THAT(Log(), HasSubstr("turned_away"));
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/sys/health").status, 200);
  for (const char* const open :
       {"/v1/sys/health", "/v1/sys/seal-status", "/v1/sys/init", "/v1/openapi.yaml"}) {
    EXPECT_EQ(RawHttp(SocketPath()).Post(open, "application/json", "x").status, 413) << open;
    EXPECT_EQ(RawHttp(SocketPath()).Post(open, "application/json", "").status, 405) << open;
    EXPECT_EQ(RawHttp(SocketPath()).Get(open).status, 200) << open;
  }
  daemon_.Kill();
  // What was answered holds for a second.
  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/sys/health").status, 503);
}

}  // namespace
}  // namespace fieldkms::testing
