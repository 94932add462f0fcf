#include "rotation/words.h"

#include <gtest/gtest.h>

#include <vector>

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(WordsTest, Counts) {
  EXPECT_EQ(CountWords(0), "0");
  EXPECT_EQ(CountWords(999), "999");
  EXPECT_EQ(CountWords(1'000), "1,000");
  EXPECT_EQ(CountWords(1'234'567), "1,234,567");
  EXPECT_EQ(CountWords(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(WordsTest, Bytes) {
  EXPECT_EQ(BytesWords(0), "0 bytes");
  EXPECT_EQ(BytesWords(1023), "1023 bytes");
  EXPECT_EQ(BytesWords(1024), "1 KiB");
  EXPECT_EQ(BytesWords(uint64_t{1} << 30), "1 GiB");
  EXPECT_EQ(BytesWords((uint64_t{1} << 30) + 1), "1.1 GiB");
  EXPECT_EQ(BytesWords(UINT64_MAX), "16 EiB");
}

TEST(WordsTest, Durations) {
  EXPECT_EQ(DurationWords(milliseconds(-5)), "0 ms");
  EXPECT_EQ(DurationWords(milliseconds(850)), "850 ms");
  EXPECT_EQ(DurationWords(seconds(5)), "5 s");
  EXPECT_EQ(DurationWords(milliseconds(5'001)), "5.1 s");
  EXPECT_EQ(DurationWords(milliseconds(9'999)), "10 s");
  EXPECT_EQ(DurationWords(milliseconds(11'001)), "12 s");
  EXPECT_EQ(DurationWords(seconds(60)), "1 min");
  EXPECT_EQ(DurationWords(seconds(90)), "1 min 30 s");
  EXPECT_EQ(DurationWords(hours(2) + minutes(10) + seconds(30)), "2 h 10 min");
  EXPECT_EQ(DurationWords(hours(35 * 24)), "35 days");
  EXPECT_EQ(DurationWords(hours(76)), "3 days 4 h");
}

TEST(WordsTest, Enumerations) {
  EXPECT_EQ(Enumerated({}), "");
  EXPECT_EQ(Enumerated(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(Enumerated(std::vector<std::string>{"a", "b"}), "a and b");
  EXPECT_EQ(Enumerated(std::vector<std::string>{"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace fieldkms::rotation
