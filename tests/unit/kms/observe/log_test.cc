#include "kms/observe/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <span>
#include <type_traits>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// What must not be printable is not: a wrong log statement does not compile.
static_assert(!std::is_constructible_v<LogField, const char*, const SecretBytes&>);
static_assert(!std::is_constructible_v<LogField, const char*, ByteView>);
static_assert(!std::is_constructible_v<LogField, const char*, const std::vector<uint8_t>&>);

nlohmann::json LogLine(LogLevel level, const char* event, std::initializer_list<LogField> fields) {
  ::testing::internal::CaptureStderr();
  Log(level, event, fields);
  const std::string text = ::testing::internal::GetCapturedStderr();
  return text.empty() ? nlohmann::json() : nlohmann::json::parse(text);
}

TEST(LogTest, WritesTypedFields) {
  const absl::Status status = InvalidField("tenant", "must start with a letter");
  const auto line =
      LogLine(LogLevel::kWarning, "serving",
              {{"socket", std::string("/run/x")}, {"queues", 2}, {"dev", true}, {"error", status}});
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["event"], "serving");
  EXPECT_EQ(line["socket"], "/run/x");
  EXPECT_EQ(line["queues"], 2);
  EXPECT_EQ(line["dev"], true);
  EXPECT_EQ(line["error"], std::string(status.message()));
  EXPECT_TRUE(line.contains("time"));
}

TEST(LogTest, LevelsFilter) {
  EXPECT_TRUE(LogLine(LogLevel::kDebug, "x", {}).is_null());
  SetLogLevel(LogLevel::kDebug);
  EXPECT_FALSE(LogLine(LogLevel::kDebug, "x", {}).is_null());
  SetLogLevel(LogLevel::kError);
  EXPECT_TRUE(LogLine(LogLevel::kWarning, "x", {}).is_null());
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace fieldkms
