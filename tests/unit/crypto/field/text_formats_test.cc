// The cases of tests/vectors/field_formats: what each rule lets pass and what it refuses. A case
// that is refused names its twin, which passes: but for what the rule is of, they are alike.
#include "tests/support/text_formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "crypto/field/unicode.h"
#include "tests/support/paths.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

using ::testing::StartsWith;

class TextFormatTest : public ::testing::TestWithParam<TextFormat> {
 protected:
  TextFormatTest()
      : file_(ReadJson(std::string(testing::VectorsDir() + "/field_formats/") +
                       std::string(GetParam().name) + ".json")) {}

  FormatContext Context() const {
    if (!file_.contains("today")) return kToday;
    const std::string today = file_.at("today");
    return {{std::stoi(today.substr(0, 4)), std::stoi(today.substr(5, 2)),
             std::stoi(today.substr(8, 2))}};
  }

  nlohmann::json file_;
};

INSTANTIATE_TEST_SUITE_P(All, TextFormatTest, ::testing::ValuesIn(kTextFormats),
                         [](const auto& format) { return std::string(format.param.name); });

TEST_P(TextFormatTest, LegalValuesHaveTheirCanonicalFormAndMask) {
  ASSERT_EQ(file_.at("format"), GetParam().name);
  size_t legal = 0;
  for (const nlohmann::json& c : file_.at("cases")) {
    const std::string value = c.at("value");
    SCOPED_TRACE(c.at("value").dump() + ": " + std::string(c.at("source")));
    if (!c.at("rule").is_null()) continue;
    ++legal;
    EXPECT_EQ(BrokenRule(GetParam(), value, Context()), "");
    const std::string canonical = Canonical(GetParam(), value, Context()).value_or("");
    EXPECT_EQ(canonical, c.at("canonical"));
    EXPECT_EQ(Mask(GetParam(), {value, canonical}), c.at("mask"));
    EXPECT_EQ(Canonical(GetParam(), canonical, Context()), canonical);
  }
  EXPECT_GT(legal, 0u);
}

TEST_P(TextFormatTest, EachRuleRefusesAValueAndLetsItsTwinPass) {
  std::set<std::string_view> refused;
  for (const nlohmann::json& c : file_.at("cases")) {
    if (c.at("rule").is_null()) continue;
    SCOPED_TRACE(c.at("value").dump() + ": " + std::string(c.at("source")));
    const std::string value = c.at("value"), twin = c.at("twin");
    EXPECT_EQ(BrokenRule(GetParam(), value, Context()), c.at("rule"));
    EXPECT_EQ(BrokenRule(GetParam(), twin, Context()), "");
    refused.insert(BrokenRule(GetParam(), value, Context()));
  }
  for (const FieldRule& rule : GetParam().rules()) {
    EXPECT_EQ(refused.count(rule.id), 1u) << rule.id << " has no case";
  }
}

TEST_P(TextFormatTest, RulesAreNamedAfterTheFormatAndSayWhatIsLegal) {
  std::set<std::string_view> ids;
  for (const FieldRule& rule : GetParam().rules()) {
    EXPECT_THAT(std::string(rule.id), StartsWith(std::string(GetParam().name) + "."));
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_FALSE(rule.says.empty());
    EXPECT_FALSE(rule.source.empty());
  }
}

TEST_P(TextFormatTest, AppendsAfterWhatIsThere) {
  for (const nlohmann::json& c : file_.at("cases")) {
    if (!c.at("rule").is_null()) continue;
    const std::string value = c.at("value");
    std::string canonical = "before", masked = "before";
    EXPECT_EQ(GetParam().canonicalise(value, Context(), &canonical), nullptr) << c.dump();
    EXPECT_EQ(canonical, "before" + std::string(c.at("canonical")));
    GetParam().mask({value, std::string(c.at("canonical"))}, &masked);
    EXPECT_EQ(masked, "before" + std::string(c.at("mask")));
  }
}

// What a log may hold of a refusal.
TEST_P(TextFormatTest, NoRuleRepeatsAValue) {
  for (const nlohmann::json& c : file_.at("cases")) {
    const std::string value = c.at("value");
    if (c.at("rule").is_null() || value.size() < 8) continue;
    for (const FieldRule& rule : GetParam().rules()) {
      EXPECT_EQ(rule.says.find(value), std::string_view::npos);
    }
  }
}

// A mask of fixed shape is the same of values of any length.
TEST(TextMaskTest, LengthsAreNotSeen) {
  std::set<std::string> masks;
  for (const size_t length : {1u, 2u, 3u, 17u, 60u}) {
    const std::string x(length, 'x');
    const std::string email = x + "@" + x + ".com", name = x + " " + x;
    masks.insert(Mask(kTextFormats[2], {email, email}));
    masks.insert(Mask(kTextFormats[3], {name + " " + name, name + " " + name}));
    masks.insert(Mask(kTextFormats[0], {x, x}));
  }
  EXPECT_EQ(masks, (std::set<std::string>{"x***@x***.com", "x*** x***", "***"}));
}

}  // namespace
}  // namespace fieldkms
