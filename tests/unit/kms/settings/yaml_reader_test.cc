#include "kms/settings/yaml_reader.h"

#include <gtest/gtest.h>

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

milliseconds Duration(const std::string& text) {
  return ReadDuration(YAML::Load(text), milliseconds(0), hours(2));
}

TEST(YamlReaderTest, Durations) {
  EXPECT_EQ(Duration("500ms"), milliseconds(500));
  EXPECT_EQ(Duration("0s"), milliseconds(0));
  EXPECT_EQ(Duration("30s"), milliseconds(30'000));
  EXPECT_EQ(Duration("5m"), milliseconds(300'000));
  EXPECT_EQ(Duration("2h"), hours(2));
  for (const char* bad :
       {"30", "s", "-1s", "1.5s", "30 s", "1d", "3h", "99999999999999h", "[1s]"}) {
    EXPECT_THROW(Duration(bad), YamlError) << bad;
  }
}

TEST(YamlReaderTest, Numbers) {
  EXPECT_EQ(ReadInt(YAML::Load("7"), 1, 9), 7);
  EXPECT_EQ(ReadNumber(YAML::Load("2.5"), 0, 9), 2.5);
  for (const char* bad : {"0", "10", "7.0", "0x7", "seven", "", "7 7"}) {
    EXPECT_THROW(ReadInt(YAML::Load(bad), 1, 9), YamlError) << bad;
  }
  for (const char* bad : {"-1", "10", "nan", "inf", "1e99", "x"}) {
    EXPECT_THROW(ReadNumber(YAML::Load(bad), 0, 9), YamlError) << bad;
  }
}

TEST(YamlReaderTest, Lists) {
  EXPECT_EQ(ReadTexts(YAML::Load("a")), std::vector<std::string>{"a"});
  EXPECT_EQ(ReadTexts(YAML::Load("[a, b]")), (std::vector<std::string>{"a", "b"}));
  EXPECT_THROW(ReadTexts(YAML::Load("[]")), YamlError);
  EXPECT_THROW(ReadTexts(YAML::Load("{a: b}")), YamlError);
  EXPECT_THROW(ReadTexts(YAML::Load("[[a]]")), YamlError);
}

TEST(YamlReaderTest, ErrorsAddUpTheirPath) {
  const YAML::Node node = YAML::Load("\n\nx: y")["x"];
  const YamlError error = YamlError(node, "is bad").Under("inner").Under("outer");
  EXPECT_STREQ(error.what(), "line 3: outer.inner: is bad");
}

}  // namespace
}  // namespace fieldkms
