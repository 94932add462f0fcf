// Settings of keys, durations and base64 as they stand on a command line.
#include "clients/cli/key_settings.h"

#include <string>
#include <utility>
#include <vector>

#include "clients/cli/base64_text.h"
#include "clients/cli/durations.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(DurationsTest, ReadAndWriteUnits) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"0", 0}, {"45s", 45}, {"30m", 1'800}, {"12h", 43'200}, {"90d", 7'776'000}};
  for (const auto& [text, seconds] : cases) {
    ASSERT_OK_AND_ASSIGN(const int64_t parsed, ParseSeconds(text, "f"));
    EXPECT_EQ(parsed, seconds);
    EXPECT_EQ(FormatSeconds(seconds), text);
  }
  EXPECT_EQ(FormatSeconds(86'401), "86401s");
  for (const char* bad : {"", "d", "90", "90 d", "-1d", "1w", "1dd", "99999999999d"}) {
    const auto parsed = ParseSeconds(bad, "rotation_period");
    EXPECT_THAT(parsed, StatusIs(Reason::kInvalidField)) << bad;
    EXPECT_EQ(FieldOf(parsed.status()), "rotation_period");
  }
}

TEST(KeySettingsTest, FillARequest) {
  v1::CreateKeyRequest request;
  ASSERT_OK(PutSettings({{"team=a=b", "empty="}, "1h", 60, 7}, &request));
  EXPECT_EQ(request.labels().at("team"), "a=b");
  EXPECT_EQ(request.labels().at("empty"), "");
  EXPECT_EQ(request.rotation_period().seconds(), 3'600);
  EXPECT_EQ(request.lease().longest().seconds(), 60);
  EXPECT_EQ(request.lease().most_messages(), 7u);
}

TEST(KeySettingsTest, LeaveOutWhatWasNotGiven) {
  v1::UpdateKeyRequest request;
  ASSERT_OK(PutSettings({}, &request));
  EXPECT_EQ(request.ByteSizeLong(), 0u);
}

TEST(KeySettingsTest, OfImportedKeys) {
  v1::ImportKeyRequest request;
  ASSERT_OK(PutSettings({{"team=a"}, "", 60, 7}, &request));
  PutKind({v1::KEY_PURPOSE_ENCRYPT, v1::SUITE_XAES_256_GCM, true, true}, &request);
  EXPECT_EQ(request.labels().at("team"), "a");
  EXPECT_EQ(request.lease().most_messages(), 7u);
  EXPECT_EQ(request.purpose(), v1::KEY_PURPOSE_ENCRYPT);
  EXPECT_EQ(request.suite(), v1::SUITE_XAES_256_GCM);
  EXPECT_TRUE(request.exportable());
  EXPECT_TRUE(request.audit_per_operation());
}

TEST(KeySettingsTest, RefuseLabelsThatAreNone) {
  const std::vector<std::vector<std::string>> cases = {{"no-value"}, {"a=1", "a=2"}};
  for (const std::vector<std::string>& labels : cases) {
    v1::CreateKeyRequest request;
    EXPECT_EQ(FieldOf(PutSettings({labels, "", 0, 0}, &request)), "labels");
  }
}

TEST(Base64TextTest, RoundTripsAndRefusesTheRest) {
  const std::string bytes("\0\xff\x01", 3);
  EXPECT_EQ(Base64Text(bytes), "AP8B");
  EXPECT_EQ(*FromBase64Text("AP8B", "mac"), bytes);
  EXPECT_EQ(*FromBase64Text("", "mac"), "");
  EXPECT_EQ(FieldOf(FromBase64Text("AP8", "mac").status()), "mac");
  WipedBuffer out;
  AppendText("x", &out);
  AppendBase64(bytes, &out);
  EXPECT_EQ(std::string(out.begin(), out.end()), "xAP8B");
}

}  // namespace
}  // namespace fieldkms
