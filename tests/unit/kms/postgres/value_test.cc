#include "kms/postgres/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <pqxx/except>

namespace fieldkms {
namespace {

using std::chrono::microseconds;

WallTime At(int64_t micros) { return WallTime(microseconds(micros)); }

std::string Text(const PostgresValue& value) { return value.text().value_or("null"); }

TEST(PostgresValue, Times) {
  EXPECT_EQ(Text(At(0)), "1970-01-01 00:00:00.000000+00");
  EXPECT_EQ(Text(At(1'700'000'000'000'001)), "2023-11-14 22:13:20.000001+00");
  EXPECT_EQ(Text(At(-1)), "1969-12-31 23:59:59.999999+00");
  EXPECT_EQ(Text(At(951'782'400'000'000)), "2000-02-29 00:00:00.000000+00");
  EXPECT_EQ(Text(WallTime::max()), "294247-01-10 04:00:54.775807+00");
  EXPECT_EQ(Text(WallTime::min()), "0001-01-01 00:00:00.000000+00");
}

TEST(PostgresValue, TimesComeBack) {
  for (const int64_t micros : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{1'700'000'000'000'001},
                               int64_t{4'102'444'799'999'999}, int64_t{-2'208'988'800'000'000},
                               std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(ParseTimestamp(Text(At(micros))), At(micros)) << micros;
  }
  EXPECT_EQ(ParseTimestamp("2023-11-14 22:13:20+00"), At(1'700'000'000'000'000));
  EXPECT_EQ(ParseTimestamp("2023-11-14 22:13:20.5+00"), At(1'700'000'000'500'000));
}

TEST(PostgresValue, OtherTextsAreNoTimes) {
  for (const char* text :
       {"", "infinity", "2023-11-14", "2023-11-14 22:13:20", "2023-11-14 22:13:20+01",
        "2023-13-14 22:13:20+00", "2023-02-29 22:13:20+00", "2023-11-14 22:13:20+00 BC",
        "2023-11-14 22:13:20.0000001+00", "-1-11-14 22:13:20+00"}) {
    EXPECT_THROW(ParseTimestamp(text), pqxx::conversion_error) << text;
  }
}

TEST(PostgresValue, IdsKeepTheirBits) {
  EXPECT_EQ(Text(IdValue(7)), "7");
  EXPECT_EQ(Text(IdValue(UINT64_MAX)), "-1");
  EXPECT_EQ(Text(IdValue(uint64_t{1} << 63)), "-9223372036854775808");
  EXPECT_EQ(Text(IdValue(0)), "null");
}

TEST(PostgresValue, NumbersFitABigint) {
  EXPECT_EQ(Text(BigintValue(5)), "5");
  EXPECT_EQ(Text(BigintValue(UINT64_MAX)), "9223372036854775807");
}

TEST(PostgresValue, ArraysQuoteWhatTheyHold) {
  EXPECT_EQ(Text(ArrayValue({})), "{}");
  EXPECT_EQ(Text(ArrayValue({1, std::nullopt, std::string_view(R"(a"b\c,{})")})),
            R"({"1",NULL,"a\"b\\c,{}"})");
  EXPECT_EQ(Text(ArrayValue({ByteaValue("a"), std::string_view("null")})), R"({"\\x61","null"})");
}

TEST(PostgresValue, Bytes) {
  EXPECT_EQ(Text(ByteaValue(std::string("\0\xff"
                                        "a",
                                        3))),
            "\\x00ff61");
  EXPECT_EQ(Text(true), "t");
  EXPECT_EQ(Text(std::optional<WallTime>()), "null");
}

}  // namespace
}  // namespace fieldkms
