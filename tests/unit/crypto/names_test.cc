#include "crypto/names.h"

#include <string>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(NamesTest, TenantIds) {
  for (const std::string& good :
       {std::string("a"), std::string("acme-2"), "z" + std::string(62, '9')}) {
    EXPECT_OK(CheckTenantId(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("1a"), std::string("-a"), std::string("Acme"),
        std::string("a_b"), std::string("a.b"), std::string("a b"), std::string("\xc3\xa4"),
        std::string("a\0", 2), std::string("a\n"), "z" + std::string(63, '9')}) {
    EXPECT_THAT(CheckTenantId(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << bad;
  }
}

TEST(NamesTest, KeyNames) {
  for (const std::string& good : {std::string("0"), std::string("customers.card_number"),
                                  std::string("a-b"), "9" + std::string(127, '_')}) {
    EXPECT_OK(CheckKeyName(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(".a"), std::string("_a"), std::string("-a"), std::string("A"),
        std::string("a/b"), std::string("a\0b", 3), "9" + std::string(128, '_')}) {
    EXPECT_THAT(CheckKeyName(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << bad;
  }
}

TEST(NamesTest, RequestIds) {
  for (const std::string& good : {std::string("Aa0_-xyz"), std::string(64, 'Z')}) {
    EXPECT_OK(CheckRequestId(good)) << good;
  }
  for (const std::string& bad : {std::string(), std::string("1234567"), std::string(65, 'Z'),
                                 std::string("1234567."), std::string("12345678\n")}) {
    EXPECT_THAT(CheckRequestId(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << bad;
  }
}

TEST(NamesTest, ErrorsNameTheFieldAndNeverTheValue) {
  EXPECT_EQ(FieldOf(CheckTenantId("Secret!")), "tenant");
  EXPECT_EQ(FieldOf(CheckKeyName("Secret!")), "name");
  EXPECT_EQ(FieldOf(CheckKeyName("Secret!", "items[2].key")), "items[2].key");
  EXPECT_EQ(FieldOf(CheckRequestId("Secret!")), "request_id");
  EXPECT_THAT(std::string(CheckKeyName("Secret!").message()), Not(HasSubstr("Secret")));
}

TEST(NamesTest, KeyIdsAreSixteenHexDigits) {
  EXPECT_EQ(FormatKeyId(0), "0000000000000000");
  EXPECT_EQ(FormatKeyId(0x00ab00cd00ef0012), "00ab00cd00ef0012");
  EXPECT_EQ(FormatKeyId(UINT64_MAX), "ffffffffffffffff");
}

TEST(NamesTest, DidYouMean) {
  EXPECT_EQ(DidYouMean("threds", {"threads", "queue"}), "; did you mean 'threads'?");
  EXPECT_EQ(DidYouMean("xyz", {"threads", "queue"}), "");
  EXPECT_EQ(DidYouMean("queue", {}), "");
}

}  // namespace
}  // namespace fieldkms
