#include "kms/root/vault_json.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

TEST(VaultJsonTest, ReadsTextsAndNumbersByPath) {
  const VaultJson json =
      ParseVaultJson(R"({"data":{"ciphertext":"x\u0041","ttl":7,"f":1.5,"b":true}})");
  EXPECT_EQ(TextAt(json, {"data", "ciphertext"}), "xA");
  EXPECT_EQ(NumberAt(json, {"data", "ttl"}), 7);
  EXPECT_TRUE(TrueAt(json, {"data", "b"}));
  EXPECT_EQ(TextAt(json, {"data", "ttl"}), std::nullopt);
  EXPECT_EQ(NumberAt(json, {"data", "f"}), std::nullopt);
  EXPECT_EQ(NumberAt(json, {"data", "ciphertext"}), std::nullopt);
  EXPECT_EQ(TextAt(json, {"data"}), std::nullopt);
  EXPECT_EQ(TextAt(json, {"auth", "client_token"}), std::nullopt);
  EXPECT_EQ(TextAt(json, {"data", "ttl", "x"}), std::nullopt);
  EXPECT_FALSE(TrueAt(json, {"data", "ttl"}));
}

TEST(VaultJsonTest, WhatIsNoJsonIsNull) {
  for (const char* text : {"", "{", "<html>", "{} x", "\xff"}) {
    EXPECT_TRUE(ParseVaultJson(text).is_null()) << text;
    EXPECT_EQ(TextAt(ParseVaultJson(text), {"a"}), std::nullopt);
  }
}

TEST(VaultJsonTest, WritesAnObject) {
  EXPECT_EQ(JsonObject({}), "{}");
  EXPECT_EQ(JsonObject({{"a", "b"}}), R"({"a":"b"})");
  EXPECT_EQ(JsonObject({{"a", "b"}, {"c", ""}}), R"({"a":"b","c":""})");
}

TEST(VaultJsonTest, PlainTextNeedsNoEscape) {
  EXPECT_TRUE(IsPlain("hvs.A-b_c=+/~"));
  for (const char* text :
       {"a b", "a\"b", "a\\b", "a\nb", "a?b", "a#b", "a%b", "\xc3\xa4", "a\x7f"}) {
    EXPECT_FALSE(IsPlain(text)) << text;
  }
}

}  // namespace
}  // namespace fieldkms
