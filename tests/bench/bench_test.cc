// That the benchmarks run and say what they measured. What they measure depends on
// the machine, so no test judges it, but for `overhead`.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <regex>

#include "tests/bench/in_turn.h"
#include "tests/support/subprocess.h"

namespace fieldkms::bench {
namespace {

using ::fieldkms::testing::BinaryPath;
using ::fieldkms::testing::CommandResult;
using ::fieldkms::testing::RunCommand;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(InTurnTest, MedianAndPercentiles) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Percentile({4, 1, 3, 2}, 0.5), 2);
  EXPECT_EQ(Percentile({4, 1, 3, 2}, 0.99), 4);
  EXPECT_EQ(Percentile({4, 1, 3, 2}, 0), 1);
}

TEST(InTurnTest, ComparesRoundByRound) {
  // The machine was ten times slower in the second round, for both.
  const Ratio ratio = Compare({50, 5, 50}, {100, 10, 100});
  EXPECT_EQ(ratio.median, 0.5);
  EXPECT_EQ(ratio.low, 0.5);
  EXPECT_EQ(ratio.high, 0.5);
}

TEST(InTurnTest, TakesTurnsInAlternatingOrder) {
  std::string order;
  const std::vector<Contender> contenders = {[&order](double) {
                                               order += 'a';
                                               return 1.0;
                                             },
                                             [&order](double) {
                                               order += 'b';
                                               return 2.0;
                                             }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, 4, 1);
  EXPECT_EQ(order,
            "ab"
            "ab"
            "ba"
            "ab");  // the first two do not count
  EXPECT_THAT(rates, Each(SizeIs(3)));
  EXPECT_EQ(Compare(rates[0], rates[1]).median, 0.5);
}

// What the last line of a case says.
struct LastLine {
  double ratio = 0, ours = 0, baseline = 0;
};

LastLine ParseLastLine(const std::string& out, const std::string& name) {
  static const std::regex kLine(
      R"((?:[^]*\n)?case=(\S+) ratio=([0-9.]+) ours=([-+e0-9.]+) baseline=([-+e0-9.]+) unit=\S+\n)");
  std::smatch match;
  if (!std::regex_match(out, match, kLine)) {
    ADD_FAILURE() << "no result line at the end of: " << out;
    return {};
  }
  EXPECT_EQ(match[1], name);
  return {std::stod(match[2]), std::stod(match[3]), std::stod(match[4])};
}

class CaseTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CaseTest, PrintsItsResultLast) {
  const std::string name = GetParam();
  const CommandResult result = RunCommand(
      {.argv = {BinaryPath("fieldkms-bench"), name, "--seconds", "1", "--keys", "3000"}});
  ASSERT_EQ(result.status.code, 0) << result.err;
  const LastLine line = ParseLastLine(result.out, name);
  EXPECT_GT(line.ratio, 0);
  EXPECT_GT(line.ours, 0);
  EXPECT_GT(line.baseline, 0);
  if (name == "overhead") {
    EXPECT_EQ(line.ratio, 1.0);
    EXPECT_EQ(line.ours, 53);
  }
}

constexpr const char* kCases[] = {"seal",       "unary",      "watch",       "batch",   "protect",
                                  "mask",       "keys_scale", "cold_unwrap", "leased",
#ifdef FIELDKMS_STORE_POSTGRES
                                  "replicas",   "tokenize",
#endif
                                  "shim_vault", "startup",    "idle",        "overhead"};

INSTANTIATE_TEST_SUITE_P(All, CaseTest, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param); });

#ifdef FIELDKMS_STORE_POSTGRES
TEST(BenchTest, RotationsOfAnySizePrintTheirResultLast) {
  for (const std::string name : {"rotate", "rotate_wal", "rotate_scale"}) {
    const CommandResult result =
        RunCommand({.argv = {BinaryPath("fieldkms-bench"), name, "--rows", "3000"}});
    ASSERT_EQ(result.status.code, 0) << result.err;
    EXPECT_GT(ParseLastLine(result.out, name).ratio, 0);
  }
}

TEST(BenchTest, RotateForegroundSaysWhatTheApplicationAndTheJobGot) {
  const CommandResult result =
      RunCommand({.argv = {BinaryPath("fieldkms-bench"), "rotate_foreground", "--rows", "3000",
                           "--seconds", "7"}});
  ASSERT_EQ(result.status.code, 0) << result.err;
  const LastLine line = ParseLastLine(result.out, "rotate_foreground");
  EXPECT_GE(line.ratio, 0);  // in a second's turn a job may do nothing but rest
  EXPECT_GT(line.ours, 0);
  EXPECT_GT(line.baseline, 0);
  EXPECT_THAT(result.out, HasSubstr("p99 beside a job"));
}
#endif

#ifdef FIELDKMS_BENCH_SQL
TEST(BenchTest, CasesOfSqlOfAnySizeStateSecurityAndTheUnleasedFigure) {
  for (const std::string name : {"sql_many", "sql_scalar", "sql_hop", "sql_search"}) {
    const CommandResult result = RunCommand(
        {.argv = {BinaryPath("fieldkms-bench"), name, "--rows", "1000", "--seconds", "1"}});
    ASSERT_EQ(result.status.code, 0) << name << ": " << result.err;
    const LastLine line = ParseLastLine(result.out, name);
    EXPECT_GT(line.ratio, 0);
    EXPECT_GT(line.ours, 0);
    EXPECT_GT(line.baseline, 0);
    for (const char* stated :
         {"audit: one record a call", "rules by role", "  leases ", "unleased", "(baseline)"}) {
      EXPECT_THAT(result.out, HasSubstr(stated)) << name;
    }
  }
}

TEST(BenchTest, ListNamesTheCasesOfSql) {
  const CommandResult result = RunCommand({.argv = {BinaryPath("fieldkms-bench"), "list"}});
  for (const char* line :
       {"  sql_many ", "  sql_scalar ", "  sql_hop ", "  sql_search ", " 1.50 ", " 8.00 "}) {
    EXPECT_THAT(result.out, HasSubstr(line));
  }
}
#endif

TEST(BenchTest, KeysScaleStatesWhatAKeyCosts) {
  const CommandResult result = RunCommand(
      {.argv = {BinaryPath("fieldkms-bench"), "keys_scale", "--seconds", "1", "--keys", "1500"}});
  ASSERT_EQ(result.status.code, 0) << result.err;
  for (const char* stated : {"SQLite with 1500 keys", "1500 hot keys", "B locked",
                             "RLIMIT_MEMLOCK 8.0 MiB", "publish: RotateKey"}) {
    EXPECT_THAT(result.out, HasSubstr(stated));
  }
}

// Java is large, and so no package that tests need.
TEST(BenchTest, Ff1NamesThePackagesThatItLacks) {
  const CommandResult result =
      RunCommand({.argv = {BinaryPath("fieldkms-bench"), "ff1", "--seconds", "1"},
                  .env = {{"PATH", "/nonexistent"}}});
  EXPECT_EQ(result.status.code, 1);
  EXPECT_THAT(result.err, HasSubstr("apt install openjdk-17-jdk-headless"));
}

TEST(BenchTest, ListNamesCasesAndTargets) {
  const CommandResult result = RunCommand({.argv = {BinaryPath("fieldkms-bench"), "list"}});
  EXPECT_EQ(result.status.code, 0);
  for (const char* name : kCases) {
    EXPECT_THAT(result.out, HasSubstr(fmt::format("  {} ", name)));
  }
  EXPECT_THAT(result.out, HasSubstr("  ff1 "));
  for (const char* target :
       {"0.90", "0.85", "0.60", "0.80", "0.50", "0.70", "3.00", "0.10", "1.00"}) {
    EXPECT_THAT(result.out, HasSubstr(target));
  }
}

TEST(BenchTest, WrongUsageIsRefused) {
  for (const std::string word : {"no-such-case", "--seconds"}) {
    EXPECT_NE(RunCommand({.argv = {BinaryPath("fieldkms-bench"), word}}).status.code, 0) << word;
  }
  EXPECT_NE(
      RunCommand({.argv = {BinaryPath("fieldkms-bench"), "seal", "--seconds", "-1"}}).status.code,
      0);
  EXPECT_NE(
      RunCommand({.argv = {BinaryPath("fieldkms-bench"), "keys_scale", "--keys", "0"}}).status.code,
      0);
}

}  // namespace
}  // namespace fieldkms::bench
