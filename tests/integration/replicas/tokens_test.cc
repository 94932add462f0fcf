// Tokens, and the policies of their fields, with two daemons over one PostgreSQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/field_client.h"
#include "crypto/status.h"
#include "tests/support/postgres_server.h"
#include "tests/support/replicas.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

constexpr char kCard[] = "4111111111111111";  // a test number
constexpr char kCvv[] = "123";

MATCHER_P(Gives, value, "") { return arg.ok() && *arg == value; }
auto IsNotFound() { return StatusIs(StatusCode::kNotFound, Reason::kTokenNotFound); }

class ReplicaTokensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string conninfo =
        server().Conninfo(server().MakeStore(), PostgresServer::kServiceLogin);
    replicas_ = std::make_unique<Replicas>(std::vector<std::string>{conninfo, conninfo});
    replicas_->Start();
    for (size_t i = 0; i < 2; ++i) {
      auto client = Client::Create({.target = replicas_->at(i).target(), .max_attempts = 1});
      ASSERT_OK(client);
      clients_[i] = *std::move(client);
    }
    v1::CreateTenantRequest tenant;
    tenant.set_tenant("acme");
    ASSERT_OK(clients_[0]->CreateTenant(tenant));
    v1::CreateKeyRequest key;
    key.set_tenant("acme");
    key.set_name("tokens");
    key.set_purpose(v1::KEY_PURPOSE_TOKEN);
    ASSERT_OK(clients_[0]->CreateKey(key));
    MakeField("card", v1::FIELD_FORMAT_PAN, "tokens");
    MakeField("cvv", v1::FIELD_FORMAT_CVV, "");
  }
  static PostgresServer& server() { return PostgresServer::Shared(); }

  FieldClient a() { return FieldClient(*clients_[0]); }
  FieldClient b() { return FieldClient(*clients_[1]); }

  void MakeField(const std::string& name, v1::FieldFormat format, const std::string& key) {
    v1::CreateFieldRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_format(format);
    request.mutable_token()->set_form(v1::TOKEN_FORM_TEXT);
    request.mutable_token()->set_key(key);
    ASSERT_OK(a().CreateField(request));
  }
  // "" if there is none.
  static std::string Token(FieldClient fields, const std::string& field, const std::string& value) {
    v1::TokenizeRequest request;
    request.set_tenant("acme");
    request.set_field(field);
    request.set_value(value);
    const auto token = fields.Tokenize(request);
    EXPECT_OK(token);
    return token.ok() ? token->token() : "";
  }
  static absl::StatusOr<std::string> Value(FieldClient fields, const std::string& field,
                                           const std::string& token) {
    v1::DetokenizeRequest request;
    request.set_tenant("acme");
    request.set_field(field);
    request.set_token(token);
    FIELDKMS_ASSIGN_OR_RETURN(const v1::DetokenizeResponse response, fields.Detokenize(request));
    return response.value();
  }
  static absl::StatusOr<uint64_t> Erase(FieldClient fields, const std::string& field,
                                        const std::string& token) {
    v1::EraseRequest request;
    request.set_tenant("acme");
    request.set_field(field);
    request.set_token(token);
    FIELDKMS_ASSIGN_OR_RETURN(const v1::EraseResponse response, fields.Erase(request));
    return response.erased_count();
  }
  static absl::StatusOr<std::string> Masked(FieldClient fields) {
    v1::MaskRequest request;
    request.set_tenant("acme");
    request.set_field("card");
    request.set_value(kCard);
    FIELDKMS_ASSIGN_OR_RETURN(const v1::MaskResponse response, fields.Mask(request));
    return response.mask();
  }
  // What a replica says of a token once it can be reached.
  static absl::Status SaidOf(FieldClient fields, const std::string& field,
                             const std::string& token) {
    while (true) {
      const absl::Status said = Value(fields, field, token).status();
      if (!absl::IsUnavailable(said)) return said;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  std::unique_ptr<Replicas> replicas_;
  std::array<std::unique_ptr<Client>, 2> clients_;
};

TEST_F(ReplicaTokensTest, ACvvIsReadOnceThroughTheOther) {
  const std::string token = Token(a(), "cvv", kCvv);
  EXPECT_THAT(Value(b(), "cvv", token), Gives(kCvv));
  EXPECT_THAT(Value(a(), "cvv", token), IsNotFound());
  EXPECT_THAT(Value(b(), "cvv", token), IsNotFound());
  // And the other way round.
  const std::string other = Token(b(), "cvv", kCvv);
  EXPECT_THAT(Value(a(), "cvv", other), Gives(kCvv));
  EXPECT_THAT(Value(b(), "cvv", other), IsNotFound());
}

TEST_F(ReplicaTokensTest, ACvvIsErasedThroughTheOther) {
  const std::string token = Token(a(), "cvv", kCvv);
  EXPECT_THAT(Erase(b(), "cvv", token), Gives(1u));
  EXPECT_THAT(Erase(b(), "cvv", token), Gives(0u));
  EXPECT_THAT(Value(a(), "cvv", token), IsNotFound());
  EXPECT_THAT(Value(b(), "cvv", token), IsNotFound());
}

TEST_F(ReplicaTokensTest, ACvvIsGoneWithItsReplica) {
  const std::string token = Token(a(), "cvv", kCvv);
  const std::string kept = Token(b(), "cvv", kCvv);
  replicas_->at(0).Kill();
  ASSERT_OK(replicas_->at(0).Start());
  EXPECT_THAT(SaidOf(a(), "cvv", token), IsNotFound());
  EXPECT_THAT(SaidOf(b(), "cvv", token), IsNotFound());
  EXPECT_THAT(Value(a(), "cvv", kept), Gives(kCvv));
}

TEST_F(ReplicaTokensTest, ANewMaskReachesTheOtherUnderTraffic) {
  const std::string before = "************1111";
  const std::string after = "411111******1111";
  ASSERT_THAT(Masked(b()), Gives(before));
  std::atomic<int> calls = 0;
  std::jthread traffic([&] {
    for (bool seen = false; !seen;) {
      const auto masked = Masked(b());
      ASSERT_OK(masked);
      seen = *masked == after;
      ASSERT_TRUE(seen || *masked == before);
      ++calls;
    }
    EXPECT_THAT(Masked(b()), Gives(after));  // and stays
  });
  while (calls < 10) std::this_thread::yield();
  v1::UpdateFieldRequest request;
  request.set_tenant("acme");
  request.set_name("card");
  request.mutable_update_mask()->add_paths("mask");
  request.mutable_mask()->set_keep_first(6);
  request.mutable_mask()->set_keep_last(4);
  ASSERT_OK(a().UpdateField(request));
}

TEST_F(ReplicaTokensTest, WhatOneHasErasedTheOtherDoesNotGive) {
  constexpr size_t kTokens = 50;
  std::vector<std::string> tokens;
  for (size_t i = 0; i < kTokens; ++i) tokens.push_back(Token(a(), "card", kCard));
  std::array<std::atomic<bool>, kTokens> erased{};
  std::atomic<int> rounds = 0;
  std::jthread reader([&] {
    for (size_t gone = 0; gone < kTokens; ++rounds) {
      gone = 0;
      for (size_t i = 0; i < kTokens; ++i) {
        const bool was_erased = erased[i];  // before the call begins
        const auto value = Value(b(), "card", tokens[i]);
        if (value.ok()) {
          EXPECT_EQ(*value, kCard);
          EXPECT_FALSE(was_erased);
        } else {
          ASSERT_THAT(value, IsNotFound());
        }
        gone += was_erased ? 1 : 0;
      }
    }
  });
  while (rounds < 1) std::this_thread::yield();
  for (size_t i = 0; i < kTokens; ++i) {
    EXPECT_THAT(Erase(a(), "card", tokens[i]), Gives(1u));
    erased[i] = true;
  }
}

}  // namespace
}  // namespace fieldkms::testing
