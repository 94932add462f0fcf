#include "kms/postgres/array.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace fieldkms {
namespace {

using namespace std::string_literals;
using Type = PostgresArray::Type;

// What array_send and the types' own functions write: SELECT array_send(...).
TEST(PostgresArray, Bytes) {
  PostgresArray array(Type::kBytea, 3);
  array.AddBytes("a\0b"s);
  array.AddNull();
  array.AddBytes("");
  EXPECT_EQ(array.binary(),
            "\0\0\0\1\0\0\0\1\0\0\0\x11\0\0\0\3\0\0\0\1"
            "\0\0\0\3a\0b\xff\xff\xff\xff\0\0\0\0"s);
}

TEST(PostgresArray, BoolsWithoutANull) {
  PostgresArray array(Type::kBool, 2);
  array.AddBool(true);
  array.AddBool(false);
  EXPECT_EQ(array.binary(),
            "\0\0\0\1\0\0\0\0\0\0\0\x10\0\0\0\2\0\0\0\1"
            "\0\0\0\1\1\0\0\0\1\0"s);
}

TEST(PostgresArray, TimesFromTheYear2000On) {
  constexpr WallTime kY2k{std::chrono::sys_days(std::chrono::year(2000) / 1 / 1)};
  PostgresArray array(Type::kTimestamptz, 4);
  array.AddTime(kY2k + std::chrono::microseconds(0x0102030405060708));
  array.AddTime(kY2k - std::chrono::microseconds(1));
  array.AddTime(std::nullopt);
  array.AddTime(WallTime::min());  // the start of year 1
  EXPECT_EQ(array.binary(),
            "\0\0\0\1\0\0\0\1\0\0\x04\xa0\0\0\0\4\0\0\0\1"
            "\0\0\0\x08\1\2\3\4\5\6\7\x08"
            "\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xff"
            "\xff\xff\xff\xff"
            "\0\0\0\x08\xff\x1f\xe2\xff\xc5\x9c\x60\0"s);
}

TEST(PostgresArray, OfNothing) {
  EXPECT_EQ(PostgresArray(Type::kBytea, 0).binary(), "\0\0\0\0\0\0\0\0\0\0\0\x11"s);
}

}  // namespace
}  // namespace fieldkms
