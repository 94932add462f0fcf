#include "kms/erasure/erasure_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::microseconds;

constexpr char kHeader[] = "{\"erasure_log\":\"000102030405060708090a0b0c0dfeff\",\"form\":1}\n";
constexpr char kToken[] =
    "{\"n\":5,\"time\":1764150000000001,\"kind\":\"token\",\"tenant\":\"acme\","
    "\"field_id\":\"fedcba9876543210\",\"name\":\"dG9rXzE=\"}\n";

LoggedErasure Token() {
  return {5,
          WallTime(microseconds(1'764'150'000'000'001)),
          ErasureKind::kToken,
          "acme",
          0xfedcba9876543210,
          "tok_1"};
}

std::string LineOf(const LoggedErasure& erasure) {
  std::string line;
  AppendErasure(erasure, &line);
  return line;
}
std::string LineOf(const LoggedEnd& end) {
  std::string line;
  AppendErasureEnd(end, &line);
  return line;
}

std::string Replaced(std::string line, const std::string& from, const std::string& to) {
  return line.replace(line.find(from), from.size(), to);
}

TEST(ErasureLine, AHeaderNamesTheLog) {
  const auto log = ParseErasureHeader(kHeader);
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ((*log)[1], 1);
  EXPECT_EQ((*log)[14], 0xfe);
  EXPECT_EQ((*log)[15], 0xff);
  std::string again;
  AppendErasureHeader(*log, &again);
  EXPECT_EQ(again, kHeader);
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"form\":1", "form\":2"}, {"feff", "FEFF"}, {"feff", "fef"}, {"\n", ""}, {"}", " }"}}) {
    EXPECT_FALSE(ParseErasureHeader(Replaced(kHeader, from, to)).has_value()) << from << " " << to;
  }
}

TEST(ErasureLine, AnErasureHasOneSpelling) {
  EXPECT_EQ(LineOf(Token()), kToken);
  const auto parsed = ParseErasureLine(kToken);
  ASSERT_TRUE(parsed.has_value());
  const auto& erasure = std::get<LoggedErasure>(*parsed);
  EXPECT_EQ(erasure.number, 5u);
  EXPECT_EQ(erasure.time, Token().time);
  EXPECT_EQ(erasure.kind, ErasureKind::kToken);
  EXPECT_EQ(erasure.tenant, "acme");
  EXPECT_EQ(erasure.field_id, 0xfedcba9876543210);
  EXPECT_EQ(erasure.name, "tok_1");
}

TEST(ErasureLine, ASubjectHasNoField) {
  LoggedErasure subject = Token();
  subject.kind = ErasureKind::kSubject;
  subject.field_id = 0;
  subject.name = std::string("\0\xff", 2) + std::string(14, 'h');
  const std::string line = LineOf(subject);
  EXPECT_EQ(line,
            "{\"n\":5,\"time\":1764150000000001,\"kind\":\"subject\",\"tenant\":\"acme\","
            "\"name\":\"AP9oaGhoaGhoaGhoaGhoaA==\"}\n");
  const auto parsed = ParseErasureLine(line);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(std::get<LoggedErasure>(*parsed).name, subject.name);
}

TEST(ErasureLine, EndsOfOneAndOfMany) {
  EXPECT_EQ(LineOf(LoggedEnd{5, 5, ErasureEnd::kDone}), "{\"n\":5,\"end\":\"done\"}\n");
  const std::string line = LineOf(LoggedEnd{6, 9, ErasureEnd::kRefused});
  EXPECT_EQ(line, "{\"n\":6,\"to\":9,\"end\":\"refused\"}\n");
  const auto parsed = ParseErasureLine(line);
  ASSERT_TRUE(parsed.has_value());
  const auto& end = std::get<LoggedEnd>(*parsed);
  EXPECT_EQ(end.first, 6u);
  EXPECT_EQ(end.last, 9u);
  EXPECT_EQ(end.end, ErasureEnd::kRefused);
  EXPECT_TRUE(ParseErasureLine("{\"n\":5,\"end\":\"partly\"}\n").has_value());
  for (const char* const bad :
       {"{\"n\":0,\"end\":\"done\"}\n", "{\"n\":5,\"to\":5,\"end\":\"done\"}\n",
        "{\"n\":5,\"to\":4,\"end\":\"done\"}\n", "{\"n\":5,\"end\":\"gone\"}\n",
        "{\"n\":\"5\",\"end\":\"done\"}\n", "{\"n\":5,\"end\":\"done\",\"n\":5}\n",
        "{\"n\":9223372036854775808,\"end\":\"done\"}\n", "[]\n", "\n", ""}) {
    EXPECT_FALSE(ParseErasureLine(bad).has_value()) << bad;
  }
}

TEST(ErasureLine, WhatIsSpelledOtherwiseIsRefused) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"n\":5", "\"n\":0"},
                                                        {"\"n\":5", "\"n\":5.0"},
                                                        {"\"n\":5", "\"n\":-5"},
                                                        {"1764150000000001", "9223372036854775808"},
                                                        {"\"token\"", "\"subject\""},
                                                        {"\"token\"", "\"value\""},
                                                        {"acme", "Acme"},
                                                        {"acme", "\\u0061cme"},
                                                        {"fedcba9876543210", "0000000000000000"},
                                                        {"fedcba9876543210", "FEDCBA9876543210"},
                                                        {"fedcba9876543210", "fedcba987654321"},
                                                        {"dG9rXzE=", "dG9rXzE"},
                                                        {"dG9rXzE=", "dG9rXzF="},
                                                        {"dG9rXzE=", ""},
                                                        {",\"kind\"", ", \"kind\""},
                                                        {"}\n", ",\"also\":1}\n"},
                                                        {"}\n", "}"}}) {
    EXPECT_FALSE(ParseErasureLine(Replaced(kToken, from, to)).has_value()) << from << " " << to;
  }
}

TEST(ErasureLine, NamesHaveTheLengthsOfTheirKinds) {
  LoggedErasure erasure = Token();
  erasure.tenant = "a" + std::string(62, 'b');
  erasure.number = erasure.field_id = INT64_MAX;
  erasure.time = WallTime::max();
  erasure.name = std::string(1'024, '\xff');
  EXPECT_OK(CheckErasure(erasure));
  EXPECT_LE(LineOf(erasure).size(), kMaxErasureLine);
  EXPECT_TRUE(ParseErasureLine(LineOf(erasure)).has_value());
  erasure.name += 'x';
  EXPECT_THAT(CheckErasure(erasure), StatusIs(Reason::kInvalidField));
  EXPECT_FALSE(ParseErasureLine(LineOf(erasure)).has_value());
  erasure.kind = ErasureKind::kLookup;
  erasure.name = std::string(64, 'x');
  EXPECT_OK(CheckErasure(erasure));
  erasure.name += 'x';
  EXPECT_THAT(CheckErasure(erasure), StatusIs(Reason::kInvalidField));
  erasure.kind = ErasureKind::kSubject;
  erasure.name = std::string(16, 'x');
  EXPECT_THAT(CheckErasure(erasure), StatusIs(Reason::kInvalidField));  // of a field
  erasure.field_id = 0;
  EXPECT_OK(CheckErasure(erasure));
  erasure.name.pop_back();
  EXPECT_THAT(CheckErasure(erasure), StatusIs(Reason::kInvalidField));
  erasure = Token();
  erasure.tenant = "acme\"";
  EXPECT_THAT(CheckErasure(erasure), StatusIs(Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms
