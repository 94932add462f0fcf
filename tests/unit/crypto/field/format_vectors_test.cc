// Each format's table of cases (tests/vectors/field_formats): every rule has a value that breaks it
// and nothing else, and there are values that pass.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "crypto/field/format.h"
#include "crypto/field/mask.h"
#include "tests/support/paths.h"

namespace fieldkms {
namespace {

constexpr FormatContext kToday = {{2026, 6, 15}};

class FormatVectorsTest : public ::testing::TestWithParam<FormatInfo> {
 protected:
  nlohmann::json Cases() const {
    std::ifstream file(testing::VectorsDir() + "/field_formats/" + std::string(GetParam().name) +
                       ".json");
    return nlohmann::json::parse(file).at("cases");
  }
};

TEST_P(FormatVectorsTest, EachCaseIsAsItSays) {
  const FormatInfo& format = GetParam();
  std::string canonical, again, masked;
  int legal = 0;
  for (const auto& entry : Cases()) {
    const std::string value = entry.at("value");
    SCOPED_TRACE(value.substr(0, 100));
    const FieldRule* const broken = CanonicaliseField(format, value, kToday, &canonical);
    if (!entry.at("rule").is_null()) {
      ASSERT_NE(broken, nullptr);
      // The rules of every format come first: they have cases below.
      if (!broken->id.starts_with("field.")) {
        EXPECT_EQ(broken->id, entry.at("rule").get<std::string>());
      }
      EXPECT_EQ(canonical, "");
      continue;
    }
    ++legal;
    ASSERT_EQ(broken, nullptr) << broken->id;
    if (entry.contains("canonical")) {
      EXPECT_EQ(canonical, entry.at("canonical").get<std::string>());
    }
    const size_t times = format.format == FieldFormat::kJson ? 6 : 3;
    EXPECT_LE(canonical.size(), times * value.size());
    EXPECT_EQ(CanonicaliseField(format, canonical, kToday, &again), nullptr);
    EXPECT_EQ(again, canonical);
    if (!entry.contains("mask")) continue;
    MaskAtLevel(format, MaskLevel::kMasked, {value, canonical}, &masked);
    EXPECT_EQ(masked, entry.at("mask").get<std::string>());
  }
  EXPECT_GT(legal, 0);
}

TEST_P(FormatVectorsTest, EachRuleHasACase) {
  std::set<std::string> broken;
  for (const auto& entry : Cases()) {
    if (!entry.at("rule").is_null()) broken.insert(entry.at("rule"));
  }
  for (const FieldRule& rule : GetParam().rules) {
    EXPECT_TRUE(broken.contains(std::string(rule.id))) << rule.id;
    EXPECT_TRUE(rule.id.starts_with(std::string(GetParam().name) + ".")) << rule.id;
    EXPECT_NE(rule.says, "") << rule.id;
    EXPECT_NE(rule.source, "") << rule.id;
  }
}

// What every format refuses, with the rules that say so.
TEST_P(FormatVectorsTest, WhatNoFormatTakes) {
  const FormatInfo& format = GetParam();
  std::string canonical;
  const auto rule = [&](std::string_view value) -> std::string {
    const FieldRule* const broken = CanonicaliseField(format, value, kToday, &canonical);
    return broken == nullptr ? "" : std::string(broken->id);
  };
  if (format.format != FieldFormat::kFreeText) {
    EXPECT_EQ(rule(""), "field.empty");
    EXPECT_EQ(rule(" \t "), "field.empty");
    EXPECT_EQ(rule("\u3000"), "field.empty");
  }
  EXPECT_EQ(rule(std::string(format.max_bytes + 1, '1')), "field.too_long");
  EXPECT_EQ(rule("\xff"), "field.utf8");
  EXPECT_EQ(rule("\xed\xa0\x80"), "field.utf8");  // a surrogate
  EXPECT_EQ(rule("\xc0\xb1"), "field.utf8");      // overlong
  EXPECT_EQ(rule(std::string_view("1\0002", 3)), "field.nul");
}

INSTANTIATE_TEST_SUITE_P(All, FormatVectorsTest,
                         ::testing::ValuesIn(FieldFormats().begin(), FieldFormats().end()),
                         [](const auto& format) { return std::string(format.param.name); });

TEST(FormatTest, IsFoundByNumberAndName) {
  for (const FormatInfo& format : FieldFormats()) {
    EXPECT_EQ(FindFormat(format.format), &format);
    EXPECT_EQ(FindFormat(format.name), &format);
  }
  EXPECT_EQ(FindFormat(FieldFormat{0}), nullptr);
  EXPECT_EQ(FindFormat(FieldFormat{16}), nullptr);
  EXPECT_EQ(FindFormat("card"), nullptr);
}

}  // namespace
}  // namespace fieldkms
