// The small parsers: times, URLs, names of keys, and what wraps a CiphertextBlob.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "kms/root/aws_key_name.h"
#include "kms/root/aws_time.h"
#include "kms/root/aws_url.h"
#include "kms/root/aws_wrapped.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

auto Refused() { return StatusIs(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid); }

constexpr WallTime kNoon{seconds(1'440'938'160)};  // 2015-08-30T12:36:00Z

TEST(AwsTimeTest, WritesTheTimeOfASignature) {
  EXPECT_EQ(FormatAwsTime(kNoon), "20150830T123600Z");
  EXPECT_EQ(FormatAwsTime(kNoon + std::chrono::microseconds(999'999)), "20150830T123600Z");
  EXPECT_EQ(FormatAwsTime(WallTime()), "19700101T000000Z");
}

TEST(AwsTimeTest, ReadsIsoTimes) {
  EXPECT_EQ(ParseIsoTime("2015-08-30T12:36:00Z"), kNoon);
  EXPECT_EQ(ParseIsoTime("2015-08-30T12:36:00.123456Z"), kNoon);
  EXPECT_EQ(ParseIsoTime("2016-02-29T00:00:00Z"), WallTime(seconds(1'456'704'000)));
  for (const char* bad :
       {"", "Z", "2015-08-30T12:36:00", "2015-08-30T12:36:00+00:00", "2015-08-30 12:36:00Z",
        "2015-02-29T12:36:00Z", "2015-13-01T12:36:00Z", "2015-08-30T24:00:00Z",
        "2015-08-30T12:60:00Z", "2015-08-30T12:36:00.Z", "2015-08-30T12:36:00.1aZ",
        "-015-08-30T12:36:00Z", "2015-08-3 T12:36:00Z", "2015-08-30T12-36-00Z"}) {
    EXPECT_FALSE(ParseIsoTime(bad)) << bad;
  }
}

TEST(AwsTimeTest, ReadsHttpDates) {
  EXPECT_EQ(ParseHttpDate("Sun, 30 Aug 2015 12:36:00 GMT"), kNoon);
  for (const char* bad : {"", "Sun, 30 Aug 2015 12:36:00 CET", "Sunday, 30-Aug-15 12:36:00 GMT",
                          "Sun Aug 30 12:36:00 2015     ", "Sun, 30 aug 2015 12:36:00 GMT",
                          "Sun, 31 Feb 2015 12:36:00 GMT", "Sun, 30 Aug 2015 12:36:0x GMT"}) {
    EXPECT_FALSE(ParseHttpDate(bad)) << bad;
  }
}

TEST(AwsUrlTest, SplitsUrls) {
  const auto plain = ParseAwsUrl("https://kms.eu-west-1.amazonaws.com");
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->https);
  EXPECT_EQ(plain->Text(), "https://kms.eu-west-1.amazonaws.com/");
  const auto full = ParseAwsUrl("http://[fd00:ec2::23]:80/v1/credentials?a=b");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->authority, "[fd00:ec2::23]:80");
  EXPECT_EQ(full->host, "fd00:ec2::23");
  EXPECT_EQ(full->path, "/v1/credentials?a=b");
  for (const char* bad :
       {"", "kms", "ftp://h/", "https://", "https:///p", "https://user@h/", "https://u:p@h/",
        "https://h:/", "https://h:x/", "https://h:123456/", "https://[::1/", "https://[::1]x/",
        "https://h/#f", "https://h /", "https://h/\r\nX: y", "https://h_x/", "https://h/\x80"}) {
    EXPECT_FALSE(ParseAwsUrl(bad)) << bad;
  }
}

TEST(AwsUrlTest, KnowsTheMachineItself) {
  for (const char* own : {"http://localhost/", "http://127.0.0.1:1/", "http://127.8.9.1/",
                          "http://[::1]:4566/", "http://[0:0:0:0:0:0:0:1]/"}) {
    EXPECT_TRUE(ParseAwsUrl(own)->IsLoopback()) << own;
  }
  for (const char* other : {"http://localhost.example/", "http://127.0.0.1.example/",
                            "http://128.0.0.1/", "http://10.0.0.1/", "http://[::2]/"}) {
    EXPECT_FALSE(ParseAwsUrl(other)->IsLoopback()) << other;
  }
}

TEST(AwsUrlTest, EndpointIsTheRegionsOrTheOneGiven) {
  const auto text = [](std::string_view given, std::string_view region) {
    const auto url = AwsEndpoint(given, "kms", region);
    return url.ok() ? url->Text() : std::string(url.status().message());
  };
  EXPECT_EQ(text("", "eu-central-1"), "https://kms.eu-central-1.amazonaws.com/");
  EXPECT_EQ(text("", "cn-north-1"), "https://kms.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(text("https://vpce-1.kms.eu-central-1.vpce.amazonaws.com", "eu-central-1"),
            "https://vpce-1.kms.eu-central-1.vpce.amazonaws.com/");
  EXPECT_EQ(text("http://localhost:4566", "eu-central-1"), "http://localhost:4566/");
  for (const char* bad : {"http://kms.example", "https://h/path", "nonsense"}) {
    EXPECT_THAT(AwsEndpoint(bad, "kms", "eu-central-1"), Refused()) << bad;
  }
  for (const char* bad : {"", "x", "EU", "eu central", "eu.evil.example/", "-eu-1", "eu-1-"}) {
    EXPECT_THAT(AwsEndpoint("", "kms", bad), Refused()) << bad;
  }
}

TEST(AwsKeyNameTest, FourForms) {
  const auto arn = ParseAwsKeyName("arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd");
  ASSERT_OK(arn);
  EXPECT_TRUE(arn->is_key_arn);
  EXPECT_EQ(arn->region, "eu-central-1");
  const auto alias_arn = ParseAwsKeyName("arn:aws-cn:kms:cn-north-1:123456789012:alias/a/b_c");
  ASSERT_OK(alias_arn);
  EXPECT_FALSE(alias_arn->is_key_arn);
  EXPECT_EQ(alias_arn->region, "cn-north-1");
  for (const char* name : {"alias/fieldkms", "1234abcd-12ab-34cd-56ef-1234567890ab"}) {
    const auto parsed = ParseAwsKeyName(name);
    ASSERT_OK(parsed) << name;
    EXPECT_FALSE(parsed->is_key_arn);
    EXPECT_EQ(parsed->region, "");
    EXPECT_EQ(parsed->text, name);
  }
}

TEST(AwsKeyNameTest, RefusesAllElse) {
  for (const char* bad : {"", "alias/", "a/b", "a b", "a\"b", "alias/a\"",
                          "arn:", "arn:aws:kms:eu-central-1:1:", "arn:aws:kms:eu-central-1:1:key/",
                          "arn:aws:kms:eu-central-1:1:key/a/b", "arn:aws:s3:eu-central-1:1:key/a",
                          "arn:aws:kms::1:key/a", "arn:aws:kms:eu-central-1::key/a",
                          "arn:aws:kms:eu-central-1:1:other/a",
                          "arn:aws:kms:eu-central-1:1:key/a:b", "arn:aws:kms:eu-central-1"}) {
    EXPECT_THAT(ParseAwsKeyName(bad), Refused()) << bad;
  }
  EXPECT_THAT(ParseAwsKeyName(std::string(2049, 'a')), Refused());
}

TEST(AwsWrappedTest, TellsDamageAndOtherKeys) {
  const std::string key = "arn:aws:kms:eu-central-1:1:key/mrk-a";
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, EncodeAwsWrapped(key, "blob"));
  // By sha256sum of coreutils: what is stored must stay readable.
  EXPECT_EQ(ToHex(AsBytes(wrapped)), "012e4e0e8af4ecb758c921c30a0afd4257626c6f62");
  ASSERT_OK_AND_ASSIGN(const auto blob, DecodeAwsWrapped(key, wrapped));
  EXPECT_EQ(blob, "blob");
  // The replica of a key in another region has the same ID.
  ASSERT_OK_AND_ASSIGN(const auto replica,
                       DecodeAwsWrapped("arn:aws:kms:us-east-1:1:key/mrk-a", wrapped));
  EXPECT_EQ(replica, "blob");
  ASSERT_OK_AND_ASSIGN(const auto other,
                       DecodeAwsWrapped("arn:aws:kms:eu-central-1:1:key/mrk-b", wrapped));
  EXPECT_FALSE(other.has_value());
  for (size_t size = 0; size < wrapped.size(); ++size) {
    ASSERT_OK_AND_ASSIGN(const auto cut, DecodeAwsWrapped(key, wrapped.substr(0, size)));
    EXPECT_FALSE(cut.has_value()) << size;
  }
  ASSERT_OK_AND_ASSIGN(const auto longer, DecodeAwsWrapped(key, wrapped + "b"));
  EXPECT_FALSE(longer.has_value());
}

}  // namespace
}  // namespace fieldkms
