#include "kms/fields/field_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

FieldPolicy Cards() {
  FieldPolicy policy;
  policy.format = FieldFormat::kPan;
  policy.key = {"cards", 0x0102030405060708};
  return policy;
}

FieldPolicy Everything() {
  FieldPolicy policy = Cards();
  policy.former_keys = {1, 0xffffffffffffffff};
  policy.fpe = FpePolicy{{"cards.fpe", 2}, {.keep_first = 6, .keep_last = 4}};
  policy.index = IndexPolicy{{"cards.index", 3}, 16, 1'000'000};
  policy.token = TokenPolicy{
      {"cards.token", 4},    {TokenForm::kNumeric, true, 4}, {"cards.index", 3}, 7, true, false,
      std::chrono::hours(24)};
  policy.mask = MaskTemplate{.keep_last = 4, .fixed_length = 6};
  policy.role_masks = {{"support", {.keep_first = 6, .hides = MaskClass::kDigits, .fill = "#"}}};
  return policy;
}

TEST(FieldPolicyTest, WhatTheStoreKeepsIsTheSamePolicy) {
  FieldPolicy documents;
  documents.format = FieldFormat::kJson;
  documents.key = {"documents", 7};
  documents.json_pointers = {"/name", "/cards/*/number"};
  FieldPolicy volatile_tokens;
  volatile_tokens.format = FieldFormat::kCvv;
  volatile_tokens.token.emplace();
  volatile_tokens.token->ttl = kMaxVolatileTtl;
  for (const FieldPolicy& policy : {Cards(), Everything(), documents, volatile_tokens}) {
    ASSERT_OK(CheckPolicy(policy));
    const std::string json = ToJson(policy);
    ASSERT_OK_AND_ASSIGN(const FieldPolicy read, PolicyFromJson(json));
    EXPECT_EQ(read, policy);
    EXPECT_EQ(ToJson(read), json);
  }
}

// What stores hold: no release may write or read it in another way.
TEST(FieldPolicyTest, StandsAsItEverDid) {
  EXPECT_EQ(ToJson(Cards()),
            R"({"form":1,"format":2,"key":{"id":"0102030405060708","name":"cards"}})");
}

TEST(FieldPolicyTest, DamageIsFoundAndALaterFormToldApart) {
  const std::string whole = ToJson(Everything());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(PolicyFromJson(whole.substr(0, size)), StatusIs(Reason::kStoreCorrupt));
  }
  for (const char* const json :
       {"[]", "{}", R"({"form":"1"})", R"({"form":1})", R"({"form":1,"format":2})",
        R"({"form":1,"format":99,"key":{"id":"01","name":"k"}})",
        R"({"form":1,"format":2,"key":{"id":"zz","name":"k"}})",
        R"({"form":1,"format":2,"key":{"id":1,"name":"k"}})"}) {
    EXPECT_THAT(PolicyFromJson(json), StatusIs(Reason::kStoreCorrupt)) << json;
  }
  EXPECT_THAT(PolicyFromJson(R"({"form":2})"), StatusIs(Reason::kStoreTooNew));
}

TEST(FieldPolicyTest, RulesNameTheFieldOfTheRequest) {
  const auto field = [](const FieldPolicy& policy) { return FieldOf(CheckPolicy(policy)); };
  FieldPolicy policy = Cards();
  policy.key = {};
  EXPECT_EQ(field(policy), "key");
  policy.fpe = FpePolicy{{"f", 1}, {}};
  EXPECT_OK(CheckPolicy(policy));
  policy.fpe->text.alphabet = "0";
  EXPECT_THAT(field(policy), HasSubstr("fpe"));
  policy = Cards();
  policy.index = IndexPolicy{{"i", 1}, 9, 0};
  EXPECT_EQ(field(policy), "blind_index.bucket_bits");
  policy.index = IndexPolicy{{"i", 1}, 128, 31};
  EXPECT_EQ(field(policy), "blind_index.distinct_values");
  policy = Cards();
  policy.role_masks = {{"r", {}}, {"r", {}}};
  EXPECT_EQ(field(policy), "role_masks.role");
  policy.role_masks.assign(33, {"", {}});
  EXPECT_EQ(field(policy), "role_masks");
  policy = Cards();
  policy.format = FieldFormat::kCvv;
  EXPECT_EQ(field(policy), "key");
  policy.key = {};
  EXPECT_OK(CheckPolicy(policy));
  policy.mask = MaskTemplate{.keep_last = 1};
  EXPECT_THAT(field(policy), HasSubstr("mask"));
  policy = Cards();
  policy.format = FieldFormat::kJson;
  EXPECT_EQ(field(policy), "json_pointers");
}

}  // namespace
}  // namespace fieldkms
