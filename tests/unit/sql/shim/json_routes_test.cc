#include "sql/shim/json_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "crypto/status.h"
#include "sql/shim/config.h"
#include "sql/shim/json_api.h"
#include "sql/shim/json_messages.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::shim {
namespace {

TEST(JsonRoutesTest, FindNamesAndVerbs) {
  const JsonMatch match = MatchJsonRoute("POST", "/v1/fields/customers.card:protect");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->path, "/v1/fields/{name}:protect");
  EXPECT_EQ(match.name, "customers.card");
  EXPECT_EQ(MatchJsonRoute("GET", "/v1/keys/a/versions").route->path, "/v1/keys/{name}/versions");
  EXPECT_EQ(MatchJsonRoute("GET", "/v1/keys/a").route->path, "/v1/keys/{name}");
  EXPECT_EQ(MatchJsonRoute("GET", "/v1/keys/a%3Ab").name, "a:b");
}

TEST(JsonRoutesTest, FindNothingElse) {
  for (const char* const path : {"/v1/keys/", "/v1/keys/a/b", "/v1/keys/a:b:rotate", "/v1/keysx",
                                 "/v1/keys/:rotate", "/v1/keys/%zz", "/v1/fields/a:nothing"}) {
    EXPECT_EQ(MatchJsonRoute("POST", path).route, nullptr) << path;
  }
  const JsonMatch other = MatchJsonRoute("DELETE", "/v1/keys/a");
  EXPECT_EQ(other.route, nullptr);
  EXPECT_TRUE(other.is_path);
}

// "METHOD path" of each operation in the document, by the indentation of its lines.
std::set<std::string> OperationsOf(std::string_view document) {
  std::set<std::string> operations;
  std::istringstream lines{std::string(document)};
  std::string line, path;
  while (std::getline(lines, line)) {
    if (line.starts_with("  \"/")) {
      path = line.substr(3, line.find('"', 3) - 3);
    } else if (line == "    get:" || line == "    post:") {
      operations.insert((line == "    get:" ? "GET " : "POST ") + path);
    }
  }
  return operations;
}

TEST(JsonRoutesTest, TheDocumentHasThemAll) {
  std::set<std::string> routes = {"GET /v1/openapi.yaml"};
  for (const JsonRoute& route : JsonRoutes()) {
    routes.insert(std::string(route.method) + " " + std::string(route.path));
  }
  EXPECT_EQ(OperationsOf(OpenApiDocument()), routes);
}

TEST(JsonRoutesTest, TheDocumentIsTheFile) {
  EXPECT_EQ(OpenApiDocument(), testing::ReadFile(testing::SourceDir() + "/sql/shim/openapi.yaml"));
}

TEST(JsonMessagesTest, WhatIsNoJsonIsNotSaidBack) {
  v1::EncryptRequest request;
  const absl::Status status = ReadMessage(R"({"plaintext": 4111111111111111x})", &request);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kRequestMalformed));
  EXPECT_THAT(std::string(MessageOf(status)), ::testing::Not(::testing::HasSubstr("4111")));
}

TEST(JsonMessagesTest, FailuresToDecryptAreAlike) {
  EXPECT_EQ(WriteStatus(DecryptError(Reason::kTagMismatch)),
            WriteStatus(DecryptError(Reason::kOtherTenant)));
  EXPECT_THAT(WriteStatus(DecryptError(Reason::kTagMismatch)),
              ::testing::HasSubstr("DECRYPT_FAILED"));
  EXPECT_THAT(WriteStatus(absl::InternalError("4111111111111111")),
              ::testing::Not(::testing::HasSubstr("4111")));
}

TEST(JsonMessagesTest, BodyAndPathMustAgree) {
  std::string member;
  EXPECT_OK(SetOnce("key", "a", &member));
  EXPECT_EQ(member, "a");
  EXPECT_OK(SetOnce("key", "a", &member));
  EXPECT_OK(SetOnce("key", "", &member));
  EXPECT_THAT(SetOnce("key", "b", &member), StatusIs(Reason::kInvalidField));
}

TEST(JsonMessagesTest, ItemsNameNothingElse) {
  v1::BatchProtectRequest request;
  request.add_items();
  request.add_items()->set_field("a");
  EXPECT_OK(CheckItems(request, "a"));
  EXPECT_THAT(CheckItems(request, "b"), StatusIs(Reason::kInvalidField));
}

// docs/shim.md has a row for each key of the configuration, as the program reads it.
TEST(ShimManualTest, ListsEveryKey) {
  const std::string manual = testing::ReadFile(testing::SourceDir() + "/docs/shim.md");
  for (const ShimKeyInfo& key : ShimConfigKeys()) {
    EXPECT_THAT(manual, ::testing::HasSubstr("| `" + key.path + "` | " + key.type + " | " +
                                             key.default_value + " |"));
  }
}

}  // namespace
}  // namespace fieldkms::shim
