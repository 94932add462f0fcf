#include "kms/service/records.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(RecordsTest, Keys) {
  KeyRecord record;
  record.tenant = "acme";
  record.name = "customers.card";
  record.key_id = 0x0123456789abcdef;
  record.primary_version = 7;
  record.create_time = WallTime(std::chrono::microseconds(1'000'002));
  record.primary_create_time = WallTime(std::chrono::microseconds(-1));
  v1::Key key;
  ToProto(record, &key);
  EXPECT_EQ(key.tenant(), "acme");
  EXPECT_EQ(key.name(), "customers.card");
  EXPECT_EQ(key.key_id(), "0123456789abcdef");
  EXPECT_EQ(key.purpose(), v1::KEY_PURPOSE_ENCRYPT);
  EXPECT_EQ(key.primary_version(), 7u);
  EXPECT_EQ(key.create_time().seconds(), 1);
  EXPECT_EQ(key.create_time().nanos(), 2'000);
  EXPECT_EQ(key.primary_create_time().seconds(), -1);
  EXPECT_EQ(key.primary_create_time().nanos(), 999'999'000);
}

TEST(RecordsTest, Versions) {
  KeyVersionRecord record;
  record.version = 3;
  record.wrapped = "never part of it";
  v1::KeyVersion version;
  ToProto(record, 3, &version);
  EXPECT_TRUE(version.primary());
  EXPECT_EQ(version.state(), v1::KEY_VERSION_STATE_ENABLED);
  ToProto(record, 4, &version);
  EXPECT_FALSE(version.primary());
}

TEST(RecordsTest, PageSizes) {
  EXPECT_EQ(*PageSize(0), 100u);
  EXPECT_EQ(*PageSize(1), 1u);
  EXPECT_EQ(*PageSize(1'000), 1'000u);
  EXPECT_EQ(*PageSize(INT32_MAX), 1'000u);
  EXPECT_THAT(PageSize(-1), StatusIs(Reason::kInvalidField));
}

TEST(RecordsTest, PageTokensReadBackAndForgeriesDoNot) {
  EXPECT_EQ(*ParsePageToken(""), "");
  EXPECT_EQ(*ParsePageToken(PageToken("customers.card")), "customers.card");
  for (const char* forged : {"customers.card", "1.", "2.x", "1.UPPER", "1. x", "."}) {
    EXPECT_THAT(ParsePageToken(forged), StatusIs(Reason::kInvalidField)) << forged;
  }
}

}  // namespace
}  // namespace fieldkms
