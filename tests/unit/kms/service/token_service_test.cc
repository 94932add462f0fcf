// Tokenize, Detokenize and Erase, alone and in batches, and the tokens that Protect makes.
#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "crypto/field/token_text.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/service/field_fixture.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using Stub = v1::FieldService::Stub;

class TokenServiceTest : public FieldFixture {
 protected:
  KeyAdmin& admin() { return server_->keyring->admin(); }
  bool Rotate(const std::string& key) {
    return admin().RotateKey("acme", key, 0, NextId(), kNoDeadline).ok();
  }
  // How many tokens there were, or why it failed.
  std::string EraseOne(v1::EraseRequest request, const std::string& field = "tokens") {
    v1::EraseResponse response;
    request.set_field(field);
    const std::string reason = Call(&Stub::Erase, std::move(request), &response);
    return reason == "OK" ? std::to_string(response.erased_count()) : reason;
  }
  std::string EraseToken(const std::string& token, const std::string& field = "tokens") {
    v1::EraseRequest request;
    request.set_token(token);
    return EraseOne(std::move(request), field);
  }
  std::string EraseValue(const std::string& value, const std::string& field = "tokens") {
    v1::EraseRequest request;
    request.set_value(value);
    return EraseOne(std::move(request), field);
  }
};

TEST_F(TokenServiceTest, ATokenStandsForItsValue) {
  ASSERT_EQ(Create(TokenField()), "OK");
  v1::TokenSettings settings;
  (*settings.mutable_metadata())["order"] = "42";
  v1::TokenValue made;
  const std::string token = Tokenize("tokens", "4111 1111-1111 1111", settings, &made);
  EXPECT_THAT(token, MatchesRegex("tok_[0-9A-Za-z]{22}"));
  EXPECT_FALSE(made.has_expire_time());
  EXPECT_FALSE(made.existed());
  v1::DetokenizeResponse read;
  ASSERT_EQ(Detokenize("tokens", token, &read), "OK");
  EXPECT_EQ(read.value(), "4111 1111-1111 1111");  // as it was spelled
  EXPECT_EQ(read.view(), v1::VIEW_FULL);
  EXPECT_EQ(read.metadata().at("order"), "42");
  EXPECT_GT(read.create_time().seconds(), 1'700'000'000);
  EXPECT_FALSE(read.has_expire_time());
  const AuditedLine line = server_->audit.Lines().back();
  EXPECT_EQ(line.method, "FieldService.Detokenize");
  EXPECT_EQ(line.shown, "full");
  EXPECT_EQ(Detokenized("tokens", token), "4111 1111-1111 1111");  // as often as one likes
  EXPECT_NE(Tokenize("tokens", kVisa), token);
}

TEST_F(TokenServiceTest, ViewsAreBoundedByRights) {
  const std::vector<Action> all = {Action::kFieldCreate, Action::kFieldTokenize,
                                   Action::kFieldDetokenize};
  // Of another right no view follows.
  const AccessRule reveal{{Action::kFieldReveal}, {"acme"}, {}, {"*"}, MaskLevel::kFull};
  StartAs(WithRoles({{"r", {{all, {"acme"}, {}, {"tok*"}, MaskLevel::kBinLast4}, reveal}}}));
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_single_use(true);
  ASSERT_EQ(Create(request), "OK");
  const std::string token = Tokenize("tokens", kVisa);
  EXPECT_EQ(Detokenized("tokens", token, v1::VIEW_FULL), "PERMISSION_DENIED");
  EXPECT_EQ(Detokenized("tokens", token), "41111111****1111");  // it was not used up
  EXPECT_EQ(EraseToken(token), "PERMISSION_DENIED");
  request = TokenField("others");
  EXPECT_EQ(Create(request), "PERMISSION_DENIED");
  EXPECT_EQ(Tokenize("others", kVisa), "PERMISSION_DENIED");
}

TEST_F(TokenServiceTest, ATokenIsOfItsFieldAlone) {
  ASSERT_EQ(Create(TokenField("tokens")), "OK");
  ASSERT_EQ(Create(TokenField("others")), "OK");
  const std::string token = Tokenize("tokens", kVisa);
  EXPECT_EQ(Detokenized("others", token), "TOKEN_NOT_FOUND");
  EXPECT_EQ(EraseToken(token, "others"), "0");
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
}

TEST_F(TokenServiceTest, ValuesAndTokensAreToldApart) {
  ASSERT_EQ(Create(TokenField()), "OK");
  EXPECT_EQ(Detokenized("tokens", kVisa), "TOKEN_NOT_FOUND");
  EXPECT_THAT(message_, Not(HasSubstr("4111")));
  EXPECT_EQ(EraseToken(kVisa), "0");
  const std::string token = Tokenize("tokens", kVisa);
  EXPECT_EQ(Tokenize("tokens", token), "VALUE_INVALID");
  EXPECT_EQ(Detokenized("tokens", ""), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Detokenized("tokens", token + "x"), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Detokenized("tokens", "tok_" + std::string(5'000, 'x')), "TOKEN_NOT_FOUND");
  // Free text may look like anything, but not like a token of its own.
  v1::CreateFieldRequest request = TokenField("notes");
  request.set_format(v1::FIELD_FORMAT_FREE_TEXT);
  ASSERT_EQ(Create(request), "OK");
  EXPECT_EQ(Tokenize("notes", token), "VALUE_INVALID");
  EXPECT_THAT(message_, HasSubstr("looks like a token"));
  EXPECT_THAT(Tokenize("notes", "tok"), MatchesRegex("tok_.*"));
}

TEST_F(TokenServiceTest, FormsOfTokens) {
  v1::CreateFieldRequest request = TokenField("n");
  request.mutable_token()->set_form(v1::TOKEN_FORM_NUMERIC);
  request.mutable_token()->set_same_length(true);
  request.mutable_token()->set_keep_last(4);
  ASSERT_EQ(Create(request), "OK");
  const std::string token = Tokenize("n", "4111-1111-1111-1111");
  EXPECT_THAT(token, MatchesRegex("9[0-9]{11}1111"));
  EXPECT_EQ(Detokenized("n", token), "4111-1111-1111-1111");
  EXPECT_EQ(Tokenize("n", token), "VALUE_INVALID");  // it is no card number
  v1::ValidateRequest validate;
  v1::ValidateResponse verdict;
  validate.set_field("n");
  validate.set_value(token);
  ASSERT_EQ(Call(&Stub::Validate, validate, &verdict), "OK");
  EXPECT_FALSE(verdict.verdict().valid());

  request = TokenField("s");
  request.set_format(v1::FIELD_FORMAT_SSN);
  request.mutable_token()->set_form(v1::TOKEN_FORM_NUMERIC);
  request.mutable_token()->set_same_length(true);
  request.mutable_token()->set_keep_last(4);
  ASSERT_EQ(Create(request), "OK");
  EXPECT_EQ(Tokenize("s", "536-22-1234"), "FIELD_POLICY");  // 10^4 chances
  EXPECT_THAT(message_, HasSubstr("too short"));
}

TEST_F(TokenServiceTest, TheSameValueHasTheSameToken) {
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_convergent(true);
  ASSERT_EQ(Create(request), "OK");
  request.set_name("others");
  ASSERT_EQ(Create(request), "OK");
  v1::TokenValue first, second;
  const std::string token = Tokenize("tokens", kVisa, {}, &first);
  EXPECT_FALSE(first.existed());
  EXPECT_EQ(Tokenize("tokens", "4111 1111 1111 1111", {}, &second), token);
  EXPECT_TRUE(second.existed());
  EXPECT_EQ(Detokenized("tokens", token), kVisa);  // the first spelling
  EXPECT_NE(Tokenize("tokens", kMastercard), token);
  EXPECT_NE(Tokenize("others", kVisa), token);
  // Rotating the key of lookups changes nothing: tokens stay with the version that they have.
  ASSERT_TRUE(Rotate("index"));
  ASSERT_TRUE(Rotate("token"));
  EXPECT_EQ(Tokenize("tokens", kVisa), token);
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
  EXPECT_EQ(EraseValue("4111-1111-1111-1111"), "1");
  EXPECT_EQ(Detokenized("tokens", token), "TOKEN_NOT_FOUND");
  EXPECT_NE(Tokenize("tokens", kVisa), token);
}

TEST_F(TokenServiceTest, ManyCallersGetOneConvergentToken) {
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_convergent(true);
  ASSERT_EQ(Create(request), "OK");
  std::vector<std::string> tokens(8);
  std::vector<std::thread> threads;
  for (std::string& token : tokens) {
    threads.emplace_back([this, &token] {
      v1::TokenizeRequest one;
      v1::TokenizeResponse response;
      one.set_tenant("acme");
      one.set_field("tokens");
      one.set_value(kVisa);
      grpc::ClientContext client;
      if (server_->field_service->Tokenize(&client, one, &response).ok()) {
        token = response.token().token();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(tokens[0], "");
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), 1u);
}

TEST_F(TokenServiceTest, ASingleUseTokenIsReadOnce) {
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_single_use(true);
  ASSERT_EQ(Create(request), "OK");
  const std::string token = Tokenize("tokens", kVisa);
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
  EXPECT_EQ(Detokenized("tokens", token), "TOKEN_NOT_FOUND");
}

// What cannot be opened is not taken out.
TEST_F(TokenServiceTest, ASingleUseTokenIsNotLostWithItsKey) {
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_single_use(true);
  ASSERT_EQ(Create(request), "OK");
  const std::string token = Tokenize("tokens", kVisa);
  ASSERT_TRUE(Rotate("token"));
  ASSERT_TRUE(admin().DisableVersion({"acme", "token"}, 2, NextId(), kNoDeadline).ok());
  EXPECT_EQ(Detokenized("tokens", token), "KEY_STATE");
  ASSERT_TRUE(admin().EnableVersion({"acme", "token"}, 2, NextId(), kNoDeadline).ok());
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
}

TEST_F(TokenServiceTest, TokensEnd) {
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->mutable_ttl()->set_seconds(3'600);
  ASSERT_EQ(Create(request), "OK");
  v1::TokenValue made;
  Tokenize("tokens", kVisa, {}, &made);
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  EXPECT_NEAR(static_cast<double>(made.expire_time().seconds()), static_cast<double>(now + 3'600),
              60);
  v1::TokenSettings settings;
  settings.mutable_ttl()->set_seconds(60);
  Tokenize("tokens", kVisa, settings, &made);
  EXPECT_NEAR(static_cast<double>(made.expire_time().seconds()), static_cast<double>(now + 60), 59);
  settings.mutable_ttl()->set_seconds(3'601);
  EXPECT_EQ(Tokenize("tokens", kVisa, settings), "INVALID_FIELD");
  settings.mutable_ttl()->set_seconds(0);
  EXPECT_EQ(Tokenize("tokens", kVisa, settings), "INVALID_FIELD");
  settings.mutable_ttl()->set_nanos(1);
  EXPECT_EQ(Tokenize("tokens", kVisa, settings), "INVALID_FIELD");
}

TEST_F(TokenServiceTest, MetadataHasBounds) {
  ASSERT_EQ(Create(TokenField()), "OK");
  v1::TokenSettings settings;
  auto& metadata = *settings.mutable_metadata();
  metadata["note"] = std::string(2'044, 'x');
  EXPECT_THAT(Tokenize("tokens", kVisa, settings), MatchesRegex("tok_.*"));
  metadata["note"] += 'x';
  EXPECT_EQ(Tokenize("tokens", kVisa, settings), "INVALID_FIELD");
  metadata.clear();
  metadata[""] = "x";
  EXPECT_EQ(Tokenize("tokens", kVisa, settings), "INVALID_FIELD");
  metadata.clear();
  for (int i = 0; i < 17; ++i) metadata[std::to_string(i)] = "x";
  EXPECT_EQ(Tokenize("tokens", kVisa, settings), "INVALID_FIELD");
}

TEST_F(TokenServiceTest, ErasingAValueTakesAllItsTokens) {
  ASSERT_EQ(Create(TokenField()), "OK");
  const std::string one = Tokenize("tokens", kVisa);
  const std::string two = Tokenize("tokens", "4111 1111 1111 1111");
  const std::string other = Tokenize("tokens", kMastercard);
  EXPECT_EQ(EraseToken(one), "1");
  EXPECT_EQ(EraseToken(one), "0");
  Tokenize("tokens", kVisa);
  EXPECT_EQ(EraseValue("4111-1111-1111-1111"), "2");
  EXPECT_EQ(Detokenized("tokens", two), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Detokenized("tokens", other), kMastercard);
  EXPECT_EQ(EraseValue("4111111111111112"), "VALUE_INVALID");
  EXPECT_EQ(EraseOne({}), "INVALID_FIELD");
  const AuditedLine line = server_->audit.Lines().back();
  EXPECT_EQ(line.method, "FieldService.Erase");
  v1::CreateFieldRequest request = TokenField("blind");
  request.mutable_token()->clear_lookup_key();
  ASSERT_EQ(Create(request), "OK");
  EXPECT_EQ(EraseValue(kVisa, "blind"), "FIELD_POLICY");
}

TEST_F(TokenServiceTest, ProtectMakesATokenToo) {
  v1::CreateFieldRequest request = CardField();
  request.mutable_token()->set_key("token");
  ASSERT_EQ(Create(request), "OK");
  ASSERT_EQ(Create(TokenField()), "OK");
  v1::ProtectedValue made;
  ASSERT_EQ(Protect("cards", kVisa, &made), "OK");
  EXPECT_NE(made.ciphertext(), "");
  EXPECT_NE(made.blind_index(), "");
  EXPECT_EQ(Detokenized("cards", made.token().token()), kVisa);
  EXPECT_EQ(Revealed("cards", made.ciphertext()), kVisa);
  EXPECT_EQ(Protect("cards", made.token().token()), "VALUE_INVALID");
  ASSERT_EQ(Protect("tokens", kVisa, &made), "OK");
  EXPECT_EQ(made.ciphertext(), "");
  EXPECT_EQ(made.mask(), "************1111");
  EXPECT_EQ(Detokenized("tokens", made.token().token()), kVisa);
}

TEST_F(TokenServiceTest, BatchesMixFieldsAndFailByItem) {
  ASSERT_EQ(Create(TokenField()), "OK");
  ASSERT_EQ(Create(CardField()), "OK");
  v1::CreateFieldRequest both = CardField("both");
  both.mutable_token()->set_key("token");
  ASSERT_EQ(Create(both), "OK");
  v1::BatchProtectRequest protect;
  v1::BatchProtectResponse made;
  protect.set_field("tokens");
  for (const auto& [field, value] : std::vector<std::pair<std::string, std::string>>{
           {"", kVisa}, {"cards", kVisa}, {"both", kMastercard}, {"", "4111"}, {"none", kVisa}}) {
    auto* const item = protect.add_items();
    item->set_field(field);
    item->set_value(value);
  }
  ASSERT_EQ(Call(&Stub::BatchProtect, protect, &made), "OK");
  EXPECT_EQ(made.failed_count(), 2u);
  EXPECT_NE(made.results(0).protected_value().token().token(), "");
  EXPECT_FALSE(made.results(1).protected_value().has_token());
  EXPECT_NE(made.results(2).protected_value().ciphertext(), "");
  EXPECT_TRUE(made.results(3).has_error());
  EXPECT_THAT(made.results(4).error().message(), HasSubstr("field"));

  v1::BatchDetokenizeRequest read;
  v1::BatchDetokenizeResponse values;
  read.set_field("tokens");
  read.add_items()->set_token(made.results(0).protected_value().token().token());
  read.add_items()->set_token("tok_0123456789012345678901");
  auto* const item = read.add_items();
  item->set_field("both");
  item->set_token(made.results(2).protected_value().token().token());
  read.add_items()->set_token(kVisa);
  ASSERT_EQ(Call(&Stub::BatchDetokenize, read, &values), "OK");
  EXPECT_EQ(values.failed_count(), 2u);
  EXPECT_EQ(values.results(0).value(), kVisa);
  EXPECT_TRUE(values.results(1).has_error());
  EXPECT_EQ(values.results(2).value(), kMastercard);
  EXPECT_EQ(values.results(2).view(), v1::VIEW_FULL);
  EXPECT_TRUE(values.results(3).has_error());

  v1::BatchEraseRequest erase;
  v1::BatchEraseResponse erased;
  erase.set_field("tokens");
  erase.add_items()->set_token(read.items(0).token());
  erase.add_items()->set_value(kMastercard);
  erase.add_items();
  ASSERT_EQ(Call(&Stub::BatchErase, erase, &erased), "OK");
  EXPECT_EQ(erased.results(0).erased_count(), 1u);
  EXPECT_EQ(erased.results(1).erased_count(), 0u);
  EXPECT_TRUE(erased.results(2).has_error());
  EXPECT_EQ(erased.failed_count(), 1u);
}

TEST_F(TokenServiceTest, TenThousandAtOnce) {
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_form(v1::TOKEN_FORM_NUMERIC);
  ASSERT_EQ(Create(request), "OK");
  v1::BatchTokenizeRequest batch;
  v1::BatchTokenizeResponse made;
  batch.set_field("tokens");
  for (int i = 0; i < 10'000; ++i) batch.add_items()->set_value(i % 2 == 0 ? kVisa : kMastercard);
  ASSERT_EQ(Call(&Stub::BatchTokenize, batch, &made), "OK");
  EXPECT_EQ(made.failed_count(), 0u);
  v1::BatchDetokenizeRequest read;
  v1::BatchDetokenizeResponse values;
  read.set_field("tokens");
  std::set<std::string> tokens;
  for (const auto& result : made.results()) {
    tokens.insert(result.token().token());
    read.add_items()->set_token(result.token().token());
  }
  EXPECT_EQ(tokens.size(), 10'000u);
  ASSERT_EQ(Call(&Stub::BatchDetokenize, read, &values), "OK");
  EXPECT_EQ(values.failed_count(), 0u);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(values.results(i).value(), i % 2 == 0 ? kVisa : kMastercard);
  }
}

// Of 10^6 numbers 9,000 are tried at once: some are met twice.
TEST_F(TokenServiceTest, TakenTokensAreDrawnAgain) {
  v1::CreateFieldRequest request = TokenField();
  request.set_format(v1::FIELD_FORMAT_FREE_TEXT);
  request.mutable_token()->set_form(v1::TOKEN_FORM_NUMERIC);
  request.mutable_token()->set_same_length(true);
  ASSERT_EQ(Create(request), "OK");
  v1::BatchTokenizeRequest batch;
  batch.set_field("tokens");
  for (int i = 0; i < 9'000; ++i) batch.add_items()->set_value("1234567");
  std::set<std::string> tokens;
  for (int round = 0; round < 2; ++round) {
    v1::BatchTokenizeResponse made;
    ASSERT_EQ(Call(&Stub::BatchTokenize, batch, &made), "OK");
    EXPECT_EQ(made.failed_count(), 0u);
    for (const auto& result : made.results()) tokens.insert(result.token().token());
  }
  EXPECT_EQ(tokens.size(), 18'000u);
}

TEST_F(TokenServiceTest, WhatAPolicyMayBe) {
  const auto refused = [this](const char* field, auto change) {
    v1::CreateFieldRequest request = TokenField();
    change(request);
    EXPECT_EQ(Create(request), "INVALID_FIELD") << field;
    EXPECT_THAT(message_, Not(HasSubstr("4111")));
  };
  refused("token.key", [](auto& r) { r.mutable_token()->clear_key(); });
  refused("token.form", [](auto& r) { r.mutable_token()->set_form(v1::TokenForm(9)); });
  refused("token.keep_last", [](auto& r) { r.mutable_token()->set_keep_last(5); });
  refused("token.lookup_key", [](auto& r) {
    r.mutable_token()->clear_lookup_key();
    r.mutable_token()->set_convergent(true);
  });
  refused("token.single_use", [](auto& r) {
    r.mutable_token()->set_convergent(true);
    r.mutable_token()->set_single_use(true);
  });
  refused("token.ttl", [](auto& r) { r.mutable_token()->mutable_ttl()->set_seconds(-1); });
  refused("token", [](auto& r) {
    r.set_format(v1::FIELD_FORMAT_JSON);
    r.set_key("card");
    r.add_json_pointers("/a");
  });
  refused("token.key", [](auto& r) { r.set_format(v1::FIELD_FORMAT_CVV); });
  v1::CreateFieldRequest request = TokenField();
  request.mutable_token()->set_key("card");
  EXPECT_EQ(Create(request), "KEY_PURPOSE");
  request = TokenField();
  request.mutable_token()->set_lookup_key("none");
  EXPECT_EQ(Create(request), "KEY_NOT_FOUND");
}

TEST_F(TokenServiceTest, OfATokenPolicyLittleChanges) {
  v1::Field field;
  v1::CreateFieldRequest request = TokenField();
  request.set_key("card");
  ASSERT_EQ(Create(request, &field), "OK");
  EXPECT_EQ(field.token().key(), "token");
  EXPECT_EQ(field.token().form(), v1::TOKEN_FORM_TEXT);
  const std::string token = Tokenize("tokens", kVisa);
  v1::UpdateFieldRequest update;
  update.set_name("tokens");
  update.mutable_update_mask()->add_paths("token");
  EXPECT_EQ(Update(update), "FIELD_POLICY") << message_;  // tokens cannot be taken away
  *update.mutable_token() = field.token();
  update.mutable_token()->set_keep_last(4);
  EXPECT_EQ(Update(update), "FIELD_POLICY");
  *update.mutable_token() = field.token();
  update.mutable_token()->set_single_use(true);
  update.mutable_token()->mutable_ttl()->set_seconds(60);
  ASSERT_EQ(Update(update, &field), "OK");
  EXPECT_TRUE(field.token().single_use());
  EXPECT_EQ(field.token().ttl().seconds(), 60);
  // The token from before is as it was.
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
  EXPECT_EQ(Detokenized("tokens", token), kVisa);
  const std::string once = Tokenize("tokens", kVisa);
  EXPECT_EQ(Detokenized("tokens", once), kVisa);
  EXPECT_EQ(Detokenized("tokens", once), "TOKEN_NOT_FOUND");
}

// A CVV: in memory, read once, for minutes.
class VolatileTokenTest : public TokenServiceTest {
 protected:
  void SetUp() override {
    TokenServiceTest::SetUp();
    v1::CreateFieldRequest request;
    request.set_name("cvv");
    request.set_format(v1::FIELD_FORMAT_CVV);
    request.mutable_token();
    ASSERT_EQ(Create(request), "OK");
  }
};

TEST_F(VolatileTokenTest, ACvvIsReadOnceAndNeverStored) {
  v1::TokenValue made;
  const std::string token = Tokenize("cvv", "123", {}, &made);
  EXPECT_THAT(token, MatchesRegex("tok_a{16}[0-9A-Za-z]{22}"));  // it names the replica
  EXPECT_GT(made.expire_time().seconds(), absl::ToUnixSeconds(absl::Now()) + 800);
  EXPECT_LE(made.expire_time().seconds(), absl::ToUnixSeconds(absl::Now()) + 900);
  ASSERT_OK_AND_ASSIGN(const bool stored, server_->store->tokens().HasTokens(kNoDeadline));
  EXPECT_FALSE(stored);
  EXPECT_EQ(Detokenized("cvv", token), "123");
  EXPECT_EQ(Detokenized("cvv", token), "TOKEN_NOT_FOUND");
  EXPECT_EQ(server_->volatile_tokens->size(), 0u);
  EXPECT_EQ(Protect("cvv", "123"), "FIELD_POLICY");
  EXPECT_EQ(Tokenize("cvv", "12"), "VALUE_INVALID");
}

TEST_F(VolatileTokenTest, ItIsErasedAndGoesWithItsReplica) {
  const std::string token = Tokenize("cvv", "1234");
  EXPECT_EQ(EraseToken(token, "cvv"), "1");
  EXPECT_EQ(EraseToken(token, "cvv"), "0");
  EXPECT_EQ(Detokenized("cvv", token), "TOKEN_NOT_FOUND");
  EXPECT_EQ(EraseValue("123", "cvv"), "FIELD_POLICY");
  const std::string lost = Tokenize("cvv", "123");
  server_->Restart();
  EXPECT_EQ(Detokenized("cvv", lost), "TOKEN_NOT_FOUND");
  EXPECT_EQ(Detokenized("cvv", "tok_bbbbbbbbbbbbbbbb0123456789012345678901"), "TOKEN_NOT_FOUND");
}

TEST_F(VolatileTokenTest, BoundsOfIt) {
  v1::TokenSettings settings;
  settings.mutable_ttl()->set_seconds(901);
  EXPECT_EQ(Tokenize("cvv", "123", settings), "INVALID_FIELD");
  settings.mutable_ttl()->set_seconds(900);
  (*settings.mutable_metadata())["a"] = "b";
  EXPECT_EQ(Tokenize("cvv", "123", settings), "INVALID_FIELD");
  v1::CreateFieldRequest request;
  request.set_name("long");
  request.set_format(v1::FIELD_FORMAT_CVV);
  request.mutable_token()->mutable_ttl()->set_seconds(901);
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  request.mutable_token()->clear_ttl();
  request.mutable_token()->set_keep_last(1);
  EXPECT_EQ(Create(request), "INVALID_FIELD");
  v1::BatchTokenizeRequest batch;
  v1::BatchTokenizeResponse made;
  batch.set_field("cvv");
  for (int i = 0; i < 101; ++i) batch.add_items()->set_value("123");
  ASSERT_EQ(Call(&Stub::BatchTokenize, batch, &made), "OK");
  EXPECT_EQ(made.failed_count(), 1u);  // the service holds a hundred here
  EXPECT_EQ(Detokenized("cvv", made.results(99).token().token()), "123");
}

}  // namespace
}  // namespace fieldkms
