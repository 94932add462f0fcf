#include "kms/observe/json_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fieldkms {
namespace {

TEST(JsonLineTest, WritesScalars) {
  std::string out;
  JsonLine line(&out);
  line.Text("text", "value");
  line.Unsigned("unsigned", UINT64_MAX);
  line.Signed("signed", INT64_MIN);
  line.Bool("bool", true);
  line.Time("time", WallTime(std::chrono::microseconds(1'763'802'000'000'042)));
  line.Finish();
  EXPECT_EQ(out,
            "{\"text\":\"value\",\"unsigned\":18446744073709551615,"
            "\"signed\":-9223372036854775808,\"bool\":true,"
            "\"time\":\"2025-11-22T09:00:00.000042Z\"}\n");
}

TEST(JsonLineTest, TimeBeforeTheEpochAndAcrossSeconds) {
  std::string out;
  JsonLine line(&out);
  line.Time("a", WallTime(std::chrono::microseconds(-1)));
  line.Time("b", WallTime(std::chrono::microseconds(999'999)));
  line.Time("c", WallTime(std::chrono::microseconds(1'000'000)));
  EXPECT_EQ(out,
            "{\"a\":\"1969-12-31T23:59:59.999999Z\",\"b\":\"1970-01-01T00:00:00.999999Z\","
            "\"c\":\"1970-01-01T00:00:01.000000Z\"");
}

// Whatever the bytes, the line stays one line of JSON.
TEST(JsonLineTest, EveryByteIsHarmless) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string out;
    JsonLine line(&out);
    line.Text("x", std::string(1, static_cast<char>(byte)));
    line.Finish();
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
    const auto parsed = nlohmann::json::parse(out);
    const std::string expected = byte < 0x80 ? std::string(1, static_cast<char>(byte))
                                             : std::string{static_cast<char>(0xc0 | (byte >> 6)),
                                                           static_cast<char>(0x80 | (byte & 0x3f))};
    EXPECT_EQ(parsed["x"].get<std::string>(), expected);
  }
}

TEST(JsonLineTest, LongTextIsCutAndSaysSo) {
  const auto written = [](size_t size) {
    std::string out;
    JsonLine line(&out);
    line.Text("x", std::string(size, 'y'));
    line.Finish();
    return nlohmann::json::parse(out)["x"].get<std::string>();
  };
  EXPECT_EQ(written(4096), std::string(4096, 'y'));
  EXPECT_EQ(written(4097), std::string(4096, 'y') + "…");
  EXPECT_EQ(written(100'000), std::string(4096, 'y') + "…");
}

}  // namespace
}  // namespace fieldkms
